"""What this worker can do: its own operations, optional parts, and packages of the stack's owner.

Never imports jobs or processes.
"""
