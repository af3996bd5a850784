"""A stand-in for SQS and S3 that costs next to nothing, and what starts and measures processes beside it.

Never imports what measures with it.
"""
