"""What programs of a stack must agree on: messages, results, heartbeats, names, ids, and AWS's own limits.

Never imports operations.
"""
