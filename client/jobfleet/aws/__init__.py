"""The account as the client sees it: clients, credentials, the bucket, and AWS's errors in sentences.

Never imports anything that knows of jobs or of the command line.
"""
