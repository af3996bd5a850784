"""The processes in which jobs are done, with their limits of memory and time.

Never imports AWS or jobs.
"""
