"""What follows when a job is done: its result is stored, its answer sent, its message deleted.

Does no jobs, and never imports the service that runs many (`service`).
"""
