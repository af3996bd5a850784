"""Which stack is meant, and where the client keeps what it remembers.

Never imports AWS.
"""
