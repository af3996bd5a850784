"""The operations of this worker: built in, optional parts, and packages of the stack's owner.

Never imports jobs or processes.
"""
