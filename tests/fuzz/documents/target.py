"""Damaged and hostile documents through whatever reads them: client, web tier, worker and scaler.

No reader may raise anything but what it says it raises, and what it returns must be what its fields promise,
as nobody looks again.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jobfleet.answers.collector import _read as read_answer
from jobfleet.aws.stack_description import parse_description
from jobfleet.errors import JobFailed
from jobfleet.stack import log_lines, recent_jobs, sent_history
from jobfleet.stack.offered_operations import gathered
from jobfleet.stack.workers import _read as read_worker
from jobfleet_jobs.careful_json import NUMBER_MAX
from jobfleet_jobs.credentials import file_text
from jobfleet_jobs.credentials.fitness import UnusableCredentials
from jobfleet_jobs.credentials.program import CredentialProgram
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.roll import OnRoll, call_roll, one_of_each_offer, roll_key
from jobfleet_jobs.protocol.started_note import StartedNote
from jobfleet_jobs.results.result_lookup import KeyPage, find_result
from jobfleet_scaling.documents.configuration import DamagedConfiguration, ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import read_lines, write_lines
from jobfleet_scaling.documents.state import ScalingState
from jobfleet_web.work.jobs.job_views import _writable
from jobfleet_web.work.sends.sent_once import Record

from tests.fuzz.documents.samples import AT, JOB, SAMPLES, parsed
from tests.fuzz.sentences import check_no_secret, check_refusal, secret
from tests.fuzz.target import Target, require
from tests.fuzz.values import changed, text, written


@dataclass(frozen=True)
class Case:
    """A document of a kind, what else lies beside it, and a secret that stands in it."""

    kind: str
    data: str
    keys: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{self.kind}: {self.data[:3_000]!r} ({len(self.data):,} characters), keys {self.keys!r}"


def make(choose: random.Random) -> Case:
    """Make a case: a document with none to three changes, or AWS's files with such lines as people leave."""
    kind = choose.choice([*SAMPLES, "aws-file"])
    secrets = (secret(choose),)
    if kind == "aws-file":
        return Case(kind, _aws_file(choose, secrets[0]), (), secrets)
    whole = parsed(SAMPLES[kind](choose))
    names = [*whole, "id", "at", "result", "output", "timings", "status"]
    for _ in range(choose.choice((0, 1, 1, 1, 2, 3))):
        whole = changed(choose, whole, names)
    if kind == "program" and isinstance(whole, dict) and choose.random() < 0.5:
        whole = {**whole, choose.choice(("SecretAccessKey", "SessionToken")): secrets[0]}
    body = written(choose, whole) if choose.random() < 0.5 else json.dumps(whole)
    keys = tuple(_key(choose) for _ in range(choose.randrange(4)))
    return Case(kind, body, keys, secrets)


def _key(choose: random.Random) -> str:
    """Return a key of a listing, which anyone may have written."""
    start = choose.choice(
        ("results/", "results/within-1s/", "results/batches/", "workers/", "workers/w/", "workers/w/alive/")
    )
    return start + choose.choice(
        (f"{JOB}.json", f"{JOB}_{JOB}_w-1_6789ab.jsonl", "w.json", "m/1.0", "", text(choose))
    )


def _aws_file(choose: random.Random, hidden: str) -> str:
    lines = [
        "[default]",
        "aws_access_key_id = AKIAEXAMPLE",
        f"aws_secret_access_key = {hidden}",
        "[profile x]",
        "region=eu-west-1",
    ]
    for _ in range(choose.randrange(4)):
        place = choose.randrange(len(lines) + 1)
        strange = choose.choice(
            (
                "[default]",
                hidden,
                f" {hidden}",
                "[",
                "]",
                "[]",
                "= x",
                "a",
                "#",
                "  b = c",
                "\0",
                f"[{hidden}]",
                text(choose),
            )
        )
        lines[place:place] = [choose.choice((strange, choose.choice(lines)))]
    return choose.choice(("\n", "\r\n", "\r")).join(lines)


def check(case: Case) -> str:
    """Read a document as those do who need it."""
    return f"{case.kind}: {_CHECKS[case.kind](case)}"


def _result(case: Case) -> str:
    recent_jobs._merge({}, case.data.splitlines())
    stored = {f"results/{JOB}.json": case.data, **dict.fromkeys(case.keys, f"{case.data}\n")}
    page = KeyPage(sorted(stored), more=False)
    try:
        found = find_result(JOB, stored.get, lambda prefix, after: page)
        answer = read_answer(case.data)
        result = Result.from_json(case.data)
    except BadJob as problem:
        return check_refusal(problem)
    hash((answer.id if answer else "", found.id if found else ""))
    _check_result(result)
    return "read"


def _check_result(result: Result) -> None:
    """Raise `Find` unless a result is what the fields of its class say."""
    for name in ("id", "operation", "worker"):
        require(isinstance(getattr(result, name), str), f"{name} is {getattr(result, name)!r:.100}")
    require(result.status in ("succeeded", "failed", "failing"), f"status is {result.status!r:.100}")
    require(_is_whole(result.attempt), f"attempt is {result.attempt!r:.100}")
    require(isinstance(result.result, Mapping | None), f"result is {result.result!r:.100}")
    require(isinstance(result.dropped, str | None), f"dropped is {result.dropped!r:.100}")
    require(isinstance(result.timings, Mapping), f"timings are {result.timings!r:.100}")
    require(all(_is_seconds(one) for one in result.timings.values()), f"timings are {result.timings!r:.100}")
    if result.output:
        one = result.output
        texts = isinstance(one.bucket, str) and isinstance(one.key, str) and isinstance(one.etag, str | None)
        require(texts and _is_whole(one.bytes), f"output is {one!r:.200}")
    for attempt in result.attempts:
        texts = all(isinstance(each, str) for each in (attempt.at, attempt.worker, attempt.cause))
        require(texts and _is_whole(attempt.attempt), f"an attempt is {attempt!r:.200}")
    require(
        Result.from_json(result.to_json()).to_json() == result.to_json(),
        "it is another when it is read again",
    )
    result.to_answer(10)
    str(JobFailed(result))
    _writable(result)
    require(result.last_attempt in (None, *result.attempts), "the last attempt is none of them")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= NUMBER_MAX


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= NUMBER_MAX


def _heartbeat(case: Case) -> str:
    heartbeat = Heartbeat.read(case.data, "w")
    again = Heartbeat.read(heartbeat.to_json())
    require(again.to_json() == heartbeat.to_json(), "it is another when it is read again")
    roll_key(heartbeat)
    on_roll = call_roll((key, AT) for key in case.keys)
    one_of_each_offer(on_roll)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    workers = [read_worker(OnRoll("w", AT), case.data, now), read_worker(OnRoll("v", now), case.data, now)]
    offers = gathered(workers, live=True)
    for name, offered in offers.offered.items():
        require(
            isinstance(name, str) and offered.operation.name == name,
            f"operation {name!r} is {offered!r:.100}",
        )
    for broken in offers.broken:
        require(f"{broken}".isprintable(), f"not printable: {broken!r:.300}")
    return f"{len(offers.offered)} operations"


def _note(case: Case) -> str:
    note = StartedNote.read(case.data)
    if note is None:
        return "none"
    require(note.at.tzinfo is not None, "a time without its zone")
    require(StartedNote.read(note.to_json()) is not None, "it cannot be read again")
    return "read"


def _state(case: Case) -> str:
    state = ScalingState.read(case.data)
    require(
        ScalingState.read(state.to_json()).to_json() == state.to_json(), "it is another when it is read again"
    )
    require(not state.held_by("i-9", AT).is_free(AT), "who takes the lease does not hold it")
    state.is_free(AT)
    return "read"


def _configuration(case: Case) -> str:
    try:
        found = ScalingConfiguration.read(case.data)
    except DamagedConfiguration:
        return "damaged"
    require(ScalingConfiguration.read(found.to_json()) == found, "it is another when it is read again")
    require(found.minimum >= 0 and 0 <= found.maximum <= NUMBER_MAX, f"{found!r:.200}")
    return "read"


def _scaling_log(case: Case) -> str:
    lines = list(read_lines(case.data.encode("utf-8", "surrogatepass")))
    require(list(read_lines(write_lines(lines))) == lines, "they are others when they are read again")
    return f"{len(lines)} lines"


def _description(case: Case) -> str:
    return "none" if parse_description(case.data.encode("utf-8", "surrogatepass")) is None else "read"


def _log(case: Case) -> str:
    return "none" if log_lines._parse(case.data) is None else "read"


def _sent(case: Case) -> str:
    return "none" if sent_history._read(case.data) is None else "read"


def _record(case: Case) -> str:
    return "none" if Record.from_json(case.data.encode("utf-8", "surrogatepass")) is None else "read"


def _program(case: Case) -> str:
    heard = CredentialProgram.__new__(CredentialProgram)
    heard._name = "program"
    try:
        heard._check(case.data.encode("utf-8", "surrogatepass"))
    except UnusableCredentials as problem:
        check_no_secret(str(problem), case.secrets, "a sentence")
        return "refused"
    return "taken"


def _aws_files(case: Case) -> str:
    data = case.data.encode("utf-8", "surrogatepass")
    wrong = file_text._of_bytes(data) or file_text._of_lines(file_text.decode(data))
    check_no_secret(wrong, case.secrets, "a clause")
    require(wrong.isprintable() and len(wrong) < 300, f"not to be shown: {wrong[:300]!r}")
    return "wrong" if file_text.profiles_of(data) is None else "read"


_CHECKS: Mapping[str, Callable[[Case], str]] = {
    "result": _result,
    "heartbeat": _heartbeat,
    "note": _note,
    "state": _state,
    "configuration": _configuration,
    "scaling-log": _scaling_log,
    "description": _description,
    "log": _log,
    "sent": _sent,
    "record": _record,
    "program": _program,
    "aws-file": _aws_files,
}

DOCUMENTS = Target("documents", make, check, memory=2 * 1024**3)
