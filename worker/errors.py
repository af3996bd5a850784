"""What can keep a worker from finishing a job that is not bad. Each carries its words for people."""


class BrokenAttempt(Exception):
    """An attempt failed, and the job may succeed in another: it goes back to the queue."""


class GivenUp(Exception):
    """The worker stops, or has lost its hold on the message: whoever gets it next does the job."""
