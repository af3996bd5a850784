"""What a job is: the request, the result, their JSON, and the names of queues and keys.

Everything here is standard library only, so that the worker, the client and the web tier
share one meaning of a job without sharing anything else.
"""
