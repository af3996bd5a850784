"""One job, from the message in hand to the answer that is sent.

Never imports the service that runs many (`service`).
"""
