"""Whole documents of each kind that programs of a stack leave for each other, to be damaged."""

import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from jobfleet.stack.sent_history import Sent
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.declaration_json import to_json
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Choice, Decimal, Flag, Text, Whole
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.message import Attempt, JobError, Output, Result
from jobfleet_jobs.protocol.started_note import StartedNote
from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine
from jobfleet_scaling.documents.state import Cordon, ScalingState

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
JOB = "019b7c2e-1234-7abc-8def-0123456789ab"

_OWN = Operation(
    "own-one",
    "file",
    "An operation.",
    gives="file",
    endings=(".csv",),
    one_of=("a", "b"),
    examples=("x",),
    parameters=(
        Whole("a", "A.", 1, minimum=0, maximum=9),
        Decimal("b", "B.", minimum=0.5, maximum=2),
        Flag("c", "C."),
        Choice("d", "D.", choices=("x", "y")),
        Text("e", "E.", pattern="[a-z]+", what="a word"),
    ),
)


def result(choose: random.Random) -> str:
    """Return a result of any status."""
    status = choose.choice(("succeeded", "failed", "failing"))
    return Result(
        JOB,
        choose.choice(list(OPERATIONS)),
        status,
        "w",
        2,
        {"mean": 1.5, "notes": ["a note"]},
        Output("bucket", f"outputs/{JOB}.png", 7, '"etag"') if status == "succeeded" else None,
        JobError("bad-input", "A sentence.") if status == "failed" else None,
        {"input": 0.1, "operation": 1.0},
        (Attempt(AT.isoformat(), "w", 1, "it broke"),) if status == "failing" else (),
        dropped=choose.choice((None, "incoming/stats/x.txt")),
    ).to_json()


def heartbeat(_: random.Random) -> str:
    """Return a heartbeat with an offer of all kinds."""
    offer = {
        "operations": ["stats", "own-one"],
        "own": [{**to_json(_OWN), "package": "p 1.0"}],
        "lacking": {"text": "none"},
        "broken": [{"package": "q", "entry": "m:f", "why": "ImportError"}],
    }
    return Heartbeat(
        "w",
        AT,
        AT - timedelta(hours=1),
        version="1.0",
        python="3.11",
        in_flight=1,
        slots=2,
        busy_seconds=1.5,
        paused="credentials",
        credentials_age=60.0,
        counts={"succeeded": 3},
        last_job=(JOB, AT),
        offer=offer,
    ).to_json()


def scaling_state(_: random.Random) -> str:
    """Return the scalers' common state."""
    return ScalingState(
        "i-1",
        AT,
        3,
        {"i-2": Cordon(AT, "idle")},
        decisions=2,
        service_seconds=1.5,
        slots=2.0,
        counted={"w": 3},
        exchanged="i-3",
        broken={"t": "1"},
        came_in=60.0,
        needs=((AT, 1.5),),
    ).to_json()


def scaling_configuration(_: random.Random) -> str:
    """Return the configuration that a playbook publishes."""
    groups = [HostGroup("a", "template", "3", "group", 2, "t3.small", "eu-west-1a")]
    return ScalingConfiguration(0, 6, groups, lab_max_instances=9, lab_max_vcpus=32).to_json()


def scaling_lines(_: random.Random) -> str:
    """Return a line of the scaling log."""
    return ScalingLine(
        AT, "i-1", "decided", "a reason", "i-2", 1, 2, 3, 1.5, 2.0, 0.5, 1, 2, 3, 4, 5
    ).to_json()


def description(_: random.Random) -> str:
    """Return what a deployment publishes of a stack."""
    return json.dumps(
        {
            "version": "1.0",
            "queues": {"requests": "x-requests"},
            "limits": {"max_pixels": 100},
            "balancer": {"name": "x-web"},
            "web": [{"url": "http://192.0.2.1:8000", "host": "i-1"}],
        }
    )


def log_line(_: random.Random) -> str:
    """Return a line of a worker's log."""
    return json.dumps(
        {
            "time": AT.isoformat(),
            "worker": "w",
            "event": "job",
            "job": JOB,
            "outcome": "failed",
            "cause": "x",
            "operation": "stats",
            "attempt": 1,
            "timings": {"operation": 0.5},
            "code": "bad-input",
        }
    )


def sent(_: random.Random) -> str:
    """Return a line of the client's own history."""
    one = Sent(JOB, "stats", AT)
    return json.dumps({"id": one.id, "operation": one.operation, "at": AT.isoformat()})


def record(_: random.Random) -> str:
    """Return what was sent under an Idempotency-Key."""
    return json.dumps({"jobs": [JOB], "batch": JOB, "fingerprint": "ab"})


def program(_: random.Random) -> str:
    """Return what a credential_process prints."""
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": "AKIAEXAMPLE",
            "SecretAccessKey": "x" * 40,
            "Expiration": AT.isoformat(),
        }
    )


SAMPLES: Mapping[str, Callable[[random.Random], str]] = {
    "result": result,
    "heartbeat": heartbeat,
    "note": lambda _: StartedNote(JOB, "w", AT).to_json(),
    "state": scaling_state,
    "configuration": scaling_configuration,
    "scaling-log": scaling_lines,
    "description": description,
    "log": log_line,
    "sent": sent,
    "record": record,
    "program": program,
}


def parsed(text: str) -> Any:
    """Return a sample's value."""
    return json.loads(text)
