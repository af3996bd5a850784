"""Where the results of jobs lie in the bucket, and how one is found by its job's id.

Standard library only.
"""
