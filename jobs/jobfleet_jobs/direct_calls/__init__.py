"""The calls to SQS and S3 that are made for every job, sent without the rest of boto3.

Alone in `jobfleet_jobs`, this room needs botocore and urllib3, which client and worker have.
"""
