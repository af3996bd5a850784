"""One job, from the message in hand until it is done.

Never imports what brings many to their ends (`commit`), or the service that runs them (`service`).
"""
