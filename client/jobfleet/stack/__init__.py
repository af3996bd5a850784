"""The life of a stack: workers, operations on offer, recent jobs, logs, dropped files.

Never imports what sends jobs and waits for them (`fleet`, `batch`).
"""
