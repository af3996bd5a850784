"""Numbers written as text, in files and in CSV: one reader for client and worker.

Never imports operations or the protocol.
"""
