"""The command line `jobfleet`: it reads what was typed, calls the packages below, and shows what came of it.

Nothing below imports it.
"""
