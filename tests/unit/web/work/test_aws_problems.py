"""Each error of the client has its answer: a status, a code, and a way out."""

import pytest
from jobfleet import errors
from jobfleet_web.work.aws_problems import problem_of


def kinds(base: type[errors.FleetError]) -> list[type[errors.FleetError]]:
    return [base, *(one for kind in base.__subclasses__() for one in kinds(kind))]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.NoCredentials("the AWS credentials have expired"), 503, "session-over"),
        (errors.WrongClock("this machine's clock is slow"), 503, "clock-off"),
        (errors.Unreachable("AWS cannot be reached"), 503, "aws-unreachable"),
        (errors.NotDeployed("stack 'x' is not deployed"), 503, "not-deployed"),
        (errors.NotAllowed("the credentials do not allow it"), 503, "not-allowed"),
        (errors.NotOffered("no live worker does text"), 400, "not-offered"),
        (errors.BadInput("parameter level=999: give …"), 400, "bad-input"),
        (errors.NotTaken("AWS did not take it"), 503, "not-taken"),
        (errors.BadOutput("it is not in the bucket any more"), 410, "output-gone"),
        (errors.DamagedScaling("it is damaged"), 503, "scaling-damaged"),
        (errors.FleetError("AWS refused it"), 503, "aws-refused"),
    ],
)
def test_an_error_is_answered_in_its_own_words(error: errors.FleetError, status: int, code: str) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code, problem.detail) == (status, code, str(error))
    assert problem.mend or status == 400
    assert ("Retry-After" in problem.headers) == (status == 503)


def test_every_kind_of_error_has_an_answer() -> None:
    for kind in kinds(errors.FleetError):
        error = kind.__new__(kind)
        Exception.__init__(error, "words")
        assert 400 <= problem_of(error).status < 600


def test_no_secret_is_in_an_answer() -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    assert key not in str(problem_of(errors.FleetError(f"key {key} is bad")).to_json())
