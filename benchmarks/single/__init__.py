"""Measurements of single things, each a command of its own, such as `python -m benchmarks.single.calls`."""
