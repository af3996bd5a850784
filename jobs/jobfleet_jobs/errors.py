"""The two failures of a job: a bad job, and everything else.

A bad job is the sender's to mend. It is answered at once and never retried. Any other
exception is the fleet's: the request goes back to the queue.
"""


class BadJob(Exception):
    """The job can never succeed as it was sent.

    `code` is a stable word for machines (`bad-parameter`, `not-an-image`, …), `message` one
    sentence for people that names the value and the way out.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
