"""What scalers, clients and playbooks tell each other through the stack's bucket.

Reads and writes JSON, calls no AWS.
"""
