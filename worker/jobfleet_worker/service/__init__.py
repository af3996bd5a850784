"""The worker as a whole: what receives, works and commits, side by side, from start to stop.

Nothing but `wiring` and `__main__` imports it.
"""
