"""The worker beside other task queues, bare loops and a bare codec: one run of `python -m benchmarks.worker`.

Never imports the measurements of single things.
"""
