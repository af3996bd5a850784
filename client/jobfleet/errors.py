"""The errors of the client, each a sentence for people, and its exit codes."""

from enum import IntEnum

from jobfleet_jobs.credentials.redaction import redact
from jobfleet_jobs.protocol.message import Result


class Exit(IntEnum):
    """The exit codes of `jobfleet`."""

    OK = 0
    ERROR = 1
    USAGE = 2
    BAD_INPUT = 3
    CREDENTIALS = 4
    NOT_DEPLOYED = 5
    UNREACHABLE = 6
    NO_ANSWER = 7
    JOB_FAILED = 8
    SETTINGS = 9
    OUTPUT = 10
    NOT_ALLOWED = 11
    NOT_OFFERED = 12
    NOT_INSTALLED = 13
    INTERRUPTED = 130
    READER_GONE = 141


EXIT_MEANINGS = {
    Exit.OK: "the job succeeded, or all of them",
    Exit.ERROR: "an unforeseen error; the message says which",
    Exit.USAGE: "the command line cannot be understood",
    Exit.BAD_INPUT: "the input cannot be sent: no such file, no image in a folder, a word among the numbers",
    Exit.CREDENTIALS: "there are no AWS credentials, AWS does not accept them, or this clock is off",
    Exit.NOT_DEPLOYED: "the stack is not deployed in this account and region",
    Exit.UNREACHABLE: "AWS, or the endpoint given, cannot be reached",
    Exit.NO_ANSWER: "no worker answered in time, or there is no result under that id yet",
    Exit.JOB_FAILED: "a worker refused the job: not an image, too large, …; or some of many jobs failed",
    Exit.SETTINGS: "the stack or the region is not known",
    Exit.OUTPUT: "the output cannot be written where it should go",
    Exit.NOT_ALLOWED: "the credentials work, but do not allow this",
    Exit.NOT_OFFERED: "no live worker offers the operation",
    Exit.NOT_INSTALLED: "packages are missing that this command needs; the message says how to install them",
    Exit.INTERRUPTED: "interrupted by Ctrl-C",
    Exit.READER_GONE: "whoever read the output, such as `head`, had enough of it",
}


class FleetError(Exception):
    """What every error of the client is: one sentence for people, never with a secret, and an exit code."""

    exit = Exit.ERROR

    def __init__(self, message: str = "") -> None:
        # Whatever a library said is in it.
        super().__init__(redact(message))


class BadInput(FleetError):
    """The input cannot be sent as it is."""

    exit = Exit.BAD_INPUT


class NotOffered(BadInput):
    """No live worker does what is asked for."""

    exit = Exit.NOT_OFFERED


class NoCredentials(FleetError):
    """There are no credentials, or AWS does not accept them."""

    exit = Exit.CREDENTIALS


class WrongClock(NoCredentials):
    """AWS refuses what this machine signs, since its clock is wrong."""


class NotDeployed(FleetError):
    """The stack is not deployed in this account and region."""

    exit = Exit.NOT_DEPLOYED


class Unreachable(FleetError):
    """AWS cannot be reached, or fails by itself."""

    exit = Exit.UNREACHABLE


class NoAnswerInTime(FleetError, TimeoutError):
    """No worker answered in time. The job is not lost by that, nor taken back.

    `explained` is whether the message says why none did.
    """

    exit = Exit.NO_ANSWER

    def __init__(self, message: str, job_id: str, *, explained: bool = False) -> None:
        super().__init__(message)
        self.job_id, self.explained = job_id, explained


class JobFailed(FleetError):
    """A worker answered that the job cannot be done; `result` is its answer."""

    exit = Exit.JOB_FAILED

    def __init__(self, result: Result) -> None:
        super().__init__(result.error.message if result.error else "the job failed")
        self.result = result


class NotTaken(FleetError):
    """SQS took other requests of a call, and not this one."""


class SomeFailed(FleetError):
    """Of many jobs, some failed. Each was told of when it did; this is the count."""

    exit = Exit.JOB_FAILED


class UnknownSettings(FleetError):
    """The stack or the region is not known."""

    exit = Exit.SETTINGS


class BadOutput(FleetError):
    """The output cannot be written where it should go."""

    exit = Exit.OUTPUT


class DamagedScaling(FleetError):
    """How the stack scales lies in the bucket, and cannot be read."""


class NotInstalled(FleetError):
    """A command needs packages that the client does without otherwise."""

    exit = Exit.NOT_INSTALLED


class NotAllowed(FleetError):
    """The credentials work, but do not allow this."""

    exit = Exit.NOT_ALLOWED
