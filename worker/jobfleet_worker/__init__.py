"""The service on an instance: takes requests from the queue, does them, answers.

`loop` has the order of things, `operations` what is done to numbers and images; everything else
is one module for each thing the loop talks to.
"""
