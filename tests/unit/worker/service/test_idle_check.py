"""When a host may stop itself; no AWS."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_worker.service.idle_check import Exit, main, reason_to_stay

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def life(**changes: Any) -> Heartbeat:
    idle = {"at": ago(0.5), "started": ago(300), "last_job": ("x", ago(20))}
    return Heartbeat("i-1", **{**idle, **changes})


def test_a_host_without_a_job_for_long_and_with_an_empty_queue_is_idle() -> None:
    assert reason_to_stay(life(), 0, 15, NOW) is None
    assert reason_to_stay(life(last_job=None), 0, 15, NOW) is None


@pytest.mark.parametrize(
    ("changes", "waiting", "said"),
    [
        ({}, 1, "1 requests are waiting"),
        ({"in_flight": 2}, 0, "2 requests in hand"),
        ({"last_job": ("x", ago(14))}, 0, "the last job ended 840 s ago"),
        ({"started": ago(3)}, 0, "the last job ended 180 s ago"),
        ({"last_job": None, "started": ago(3)}, 0, "180 s ago"),
        ({"at": ago(4)}, 0, "its last heartbeat is 240 s old"),
        ({"stopped": True}, 0, "stopped, paused or silent"),
        ({"paused": "credentials"}, 0, "stopped, paused or silent"),
    ],
)
def test_a_host_stays_on(changes: dict[str, Any], waiting: int, said: str) -> None:
    assert said in str(reason_to_stay(life(**changes), waiting, 15, NOW))


@pytest.mark.parametrize("silent", [Heartbeat.read("no JSON"), Heartbeat("i-1", started=NOW)])
def test_a_heartbeat_that_does_not_tell_when_it_was_says_nothing(silent: Heartbeat) -> None:
    with pytest.raises(ValueError, match="does not tell when"):
        reason_to_stay(silent, 0, 15, NOW)


def test_where_nothing_can_be_known_the_host_stays_on(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--config", str(tmp_path / "none.toml"), "--minutes", "1"])

    assert code == Exit.AT_WORK
    assert "it cannot be known" in capsys.readouterr().out


def test_where_nothing_has_credentials_the_host_stays_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "worker.toml"
    config.write_text(
        'stack = "s1"\nregion = "us-east-1"\nbucket = "b11"\nrequest_queue = "q"\nresponse_queue = "r"\n'
        f'dead_letter_queue = "d"\nspool = "{tmp_path}/spool"\n'
    )

    assert main(["--config", str(config), "--minutes", "1"]) == Exit.AT_WORK
    assert capsys.readouterr().out.startswith("idle: no, it cannot be known: there are no AWS credentials")
