"""What operations there are and what each takes, declared once.

What an operation does is the worker's (`jobfleet_worker.operations`) and never imported here.
"""
