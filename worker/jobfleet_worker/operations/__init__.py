"""The work on numbers and images: bytes in, facts and bytes out.

`run` is the only door. Never imports AWS, jobs or processes: an operation can be called anywhere.
"""
