"""Load for anything that answers, and honest figures of it: scenarios, the engine, statistics, the report.

Nothing of the command line is in here. All but the scenario needs the extra `bench`; `needs.py` says so.
"""
