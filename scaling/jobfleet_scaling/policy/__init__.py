"""How many hosts are wanted: numbers in, a number out; no AWS, no clock of its own.

The service and the simulator call the same code.
"""
