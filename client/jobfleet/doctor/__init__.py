"""The examination behind `jobfleet doctor`: each link between this machine and a worker, one after the other.

Never imports the command line.
"""
