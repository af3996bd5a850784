"""The stack that is meant, and where the client keeps its state.

Never imports AWS.
"""
