"""The agreement between a stack's programs: messages, results, heartbeats, names, ids, AWS's own limits.

Never imports operations.
"""
