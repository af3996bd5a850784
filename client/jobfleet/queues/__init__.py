"""The stack's queues: how much is in them, dead letters, and how they are emptied.

Never imports what waits for answers on the command line's behalf (`cli`, `batch`).
"""
