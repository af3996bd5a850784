"""The declarations of operations: what there is, and what each takes and gives.

What an operation does is the worker's (`jobfleet_worker.operations`) and never imported here.
"""
