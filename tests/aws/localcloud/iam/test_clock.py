"""Requests of a machine whose clock is wrong: how each kind of service refuses them, and what people read.

Only the clock by which botocore signs is set; no test may set that of the machine.
"""

import re
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.auth
import pytest
from ansible.module_utils.account.caller_identity import trouble_of, who
from botocore.exceptions import ClientError
from jobfleet.cli.main import main
from jobfleet.errors import Exit
from jobfleet_jobs.credentials import clock_skew
from jobfleet_scaling.aws.errors import words
from jobfleet_worker import __main__ as worker
from jobfleet_worker.aws.circuit_breaker import CircuitBreaker
from jobfleet_worker.clock import SystemClock

from tests.aws.localcloud.iam.test_credentials import CALLS, WRONG_SECRET
from tests.localcloud_fixture import client_of

JOB = "0192f0c1-2345-7abc-8def-0123456789ab"
LONG = ("s3", "ec2", "sts", "sqs")
SKEWED = {**WRONG_SECRET, "s3": (403, "RequestTimeTooSkewed"), "ec2": (400, "RequestExpired")}


@pytest.fixture
def shift(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A function that makes this machine's clock so many minutes fast, for what signs and what compares."""

    def set_to(minutes: float) -> None:
        ahead = timedelta(minutes=minutes)

        class Shifted(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return datetime.now(tz) + ahead

        monkeypatch.setattr(
            botocore.auth, "get_current_datetime", lambda: datetime.now(UTC).replace(tzinfo=None) + ahead
        )
        monkeypatch.setattr(clock_skew, "datetime", Shifted)

    return set_to


@pytest.fixture
def here(localcloud: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The cloud is the one of this process's environment."""
    for name, value in localcloud.items():
        monkeypatch.setenv(name, value)


def refusal(environment: dict[str, str], service: str) -> ClientError | None:
    """Return how a call is refused, None if it is not."""
    with closing(client_of(environment, service)) as client:
        try:
            getattr(client, CALLS[service])()
        except ClientError as problem:
            return problem
    return None


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("sign", [1, -1])
def test_each_service_refuses_a_clock_that_is_off_by_more_than_it_allows(
    localcloud: dict[str, str], shift: Callable[[float], None], service: str, sign: int
) -> None:
    most = 15 if service in LONG else 5

    shift(sign * (most - 0.5))
    assert refusal(localcloud, service) is None
    shift(sign * (most + 0.5))
    problem = refusal(localcloud, service)

    assert problem
    answer = problem.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == SKEWED[service]


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(20, r"Signature not yet current: \S+Z is still later than \S+Z \(\S+Z \+ {} min\.\)"),
     (-20, r"Signature expired: \S+Z is now earlier than \S+Z \(\S+Z - {} min\.\)")],
)  # fmt: skip
@pytest.mark.parametrize(("service", "most"), [("sts", 15), ("sqs", 15), ("ssm", 5), ("autoscaling", 5)])
def test_a_refusal_is_worded_as_aws_words_it(
    localcloud: dict[str, str],
    shift: Callable[[float], None],
    minutes: int,
    said: str,
    service: str,
    most: int,
) -> None:
    shift(minutes)
    problem = refusal(localcloud, service)

    assert problem
    assert re.fullmatch(said.format(most), problem.response["Error"]["Message"])


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize(("minutes", "said"), [(20, "fast"), (-20, "slow"), (7, "fast"), (-7, "slow")])
def test_every_program_names_the_clock_whichever_service_refuses(
    localcloud: dict[str, str], shift: Callable[[float], None], service: str, minutes: int, said: str
) -> None:
    shift(minutes)
    problem = refusal(localcloud, service)

    if service in LONG and abs(minutes) < 15:
        assert problem is None
        return
    assert problem
    right = re.compile(
        rf"because this machine's clock is (\d+ min \d+ s|{abs(minutes)} min) {said}: set it, "
    )
    spoken = [trouble_of(problem), words(problem), *paused_by(problem)]
    assert len(spoken) == 3
    assert [one for one in spoken if not right.search(one)] == []


def paused_by(problem: ClientError) -> list[str]:
    """Return what a worker logs when a call ends so."""
    said: list[str] = []
    breaker = CircuitBreaker(
        SystemClock(), lambda: "keys", lambda event, **more: said.append(f"{event}: {more['why']}")
    )
    breaker.failed("sqs", problem, "keys")
    assert breaker.trouble
    assert breaker.trouble.credentials_refused
    return said


@pytest.mark.parametrize("minutes", [7, -7, 20, -20])
def test_the_playbooks_refuse_a_clock_by_which_some_later_call_would_fail(
    localcloud: dict[str, str], shift: Callable[[float], None], minutes: int
) -> None:
    shift(minutes)
    with closing(client_of(localcloud, "sts")) as sts, closing(client_of(localcloud, "ec2")) as ec2:
        caller, trouble = who(lambda service: {"sts": sts, "ec2": ec2}[service])

    assert caller is None
    assert "his machine's clock is" in trouble or "because this machine's clock is" in trouble
    assert trouble.endswith("set it, for instance with `timedatectl set-ntp true`.")
    assert "Signature" not in trouble


@pytest.mark.parametrize("minutes", [20, -20])
@pytest.mark.parametrize("command", [["stats", "1", "2"], ["status"], ["result", JOB], ["scaling"], ["logs"]])
@pytest.mark.usefixtures("here")
def test_no_command_of_the_client_speaks_of_keys_where_the_clock_is_wrong(
    shift: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    minutes: int,
    command: list[str],
) -> None:
    shift(minutes)

    monkeypatch.setattr(sys, "argv", ["jobfleet", *command, "--stack", "no-such-stack"])
    with pytest.raises(SystemExit) as ended:
        main()

    code, said = ended.value.code, capsys.readouterr().err
    assert code == Exit.CREDENTIALS, said
    assert "because this machine's clock is" in said
    assert "set it, for instance with `timedatectl set-ntp true`" in said
    assert "Signature" not in said


@pytest.mark.usefixtures("here")
def test_a_worker_that_cannot_find_out_the_account_names_the_clock(
    shift: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shift(-20)

    code = worker.main(["--stack", "no-such-stack", "--region", "us-east-1"])

    said = capsys.readouterr().err
    assert code == worker.Exit.UNREACHABLE
    assert "because this machine's clock is" in said
    assert "Signature" not in said


@pytest.mark.usefixtures("here")
def test_doctor_notes_a_clock_that_some_services_bear(
    shift: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shift(7)

    monkeypatch.setattr(sys, "argv", ["jobfleet", "doctor", "--stack", "no-such-stack"])
    with pytest.raises(SystemExit):
        main()

    said = " ".join(capsys.readouterr().out.split())
    assert re.search(r"this machine's clock is (7 min|6 min 59 s|7 min \d+ s) fast", said)
    assert "set it, for instance with `timedatectl set-ntp true`" in said
