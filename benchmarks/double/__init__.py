"""A stand-in for SQS and S3 that costs next to nothing, and what measures with it."""
