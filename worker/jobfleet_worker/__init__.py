"""The service on an instance: takes requests from the queue, does them, answers.

`wiring` puts a worker together, `service` runs it, `job` does one job, `operations` has what is done to
numbers and images.
"""
