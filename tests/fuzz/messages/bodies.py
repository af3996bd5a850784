"""Messages as they may lie on the request queue: requests, events of S3's, and whatever anyone sends."""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from jobfleet_jobs.drop_events import PARAMETERS_NAME
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.protocol.aws_facts import SQS_MESSAGE_MAX_BYTES
from jobfleet_jobs.protocol.ids import derived_job_id
from jobfleet_jobs.protocol.names import INCOMING, UPLOADS

from tests.fuzz.images.target import parameters_for
from tests.fuzz.messages.memory_aws import Stored
from tests.fuzz.sentences import secret
from tests.fuzz.values import changed, text, value, written

BUCKET, STACK = "fuzz-bucket", "fuzz"
NUMBERS, PICTURE = f"{UPLOADS}numbers.txt", f"{UPLOADS}picture.png"

# Of what a message may be full. A reader that takes quadratic time over one of them takes minutes.
_UNITS = (
    "[",
    "{",
    '"',
    "\\",
    " ",
    "1",
    "a",
    ",",
    '":',
    "\\u0000",
    "é",
    "secret ",
    "secret=",
    "\\\\'",
    "%41",
    "=?",
    "'\\''",
    "Invalid header value \\\\'",
    "Invalid header value '",
    "IQoJ",
    "AKIA",
    "aA1/",
    "token:",
    "=",
    "-",
    "\\n",
)
_HUGE_CHARACTERS = 700_000

_WORDS = (
    "version",
    "id",
    "operation",
    "parameters",
    "input",
    "output",
    "reply_to",
    "tell",
    "submitted_at",
    "key",
    "bucket",
    "inline",
    "Records",
    "s3",
    "object",
    "eTag",
    "Event",
    "steps",
    "columns",
    "level",
    "sequencer",
    "urlDecodedKey",
)

_NOT_TAKEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """A message's body, what lies in the bucket, and the secrets that stand in them."""

    data: str
    objects: Mapping[str, Stored] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    attempt: int = 1

    def __repr__(self) -> str:
        what = f"{self.data[:2_000]!r} ({len(self.data):,} characters)"
        return f"attempt {self.attempt} of {what} with {dict(self.objects)!r}"


def request(choose: random.Random) -> dict[str, Any]:
    """Return a request that a client may send."""
    operation = choose.choice([*OPERATIONS.values(), OPERATIONS["stats"]])
    inline = {"inline": choose.choice(("1 2 3", "1,5; 2,5", "a\n1,2", "x,y\n1,2\n", ""))}
    stored = {"bucket": BUCKET, "key": choose.choice((NUMBERS, PICTURE, f"{UPLOADS}none"))}
    made: dict[str, Any] = {
        "version": 1,
        "id": derived_job_id(choose.randrange(2**44), choose.randbytes(10)),
        "operation": operation.name,
        "parameters": parameters_for(choose, operation),
        "input": inline if operation.takes == "numbers" and choose.random() < 0.6 else stored,
        "submitted_at": "2026-01-01T00:00:00Z",
    }
    if operation.gives != "answer" or choose.random() < 0.1:
        made["output"] = {"key": f"outputs/{choose.choice(('x.png', 'a/b.jpg', 'x' + made['id']))}"}
    if choose.random() < 0.3:
        made["reply_to"] = f"{STACK}-reply-x"
    if choose.random() < 0.2:
        made["tell"] = ["started"]
    return made


def event(choose: random.Random, objects: dict[str, Stored]) -> dict[str, Any]:
    """Return an event of the drop folder, and put what it is about into `objects`."""
    operation = choose.choice([*OPERATIONS.values(), OPERATIONS["stats"]])
    name = choose.choice(
        ("a.txt", "b/c d.png", "é.csv", "..", "x.jpg", PARAMETERS_NAME, _shown(text(choose)) or "x")
    )
    key = f"{INCOMING}{operation.name}/{name}"[:300]
    there = Stored(b"1 2 3\n4", _metadata(choose, operation.name))
    objects[key] = there
    if choose.random() < 0.3:
        shared = changed(choose, {"level": 100, "columns": "a", "output_ending": ".png"}, _WORDS)
        objects[f"{INCOMING}{operation.name}/{PARAMETERS_NAME}"] = Stored(
            written(choose, shared).encode(errors="replace")
        )
    about = {"key": quote_plus(key, safe="/"), "size": 7, "eTag": there.etag, "sequencer": "00A1"}
    one = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": about},
    }
    return {"Records": [one] * choose.choice((1, 1, 1, 1, 2))}


def _metadata(choose: random.Random, operation: str) -> dict[str, str]:
    given = {
        name: json.dumps(what).strip('"')
        for name, what in parameters_for(choose, OPERATIONS[operation]).items()
    }
    for _ in range(choose.choice((0, 0, 1, 2))):
        given[choose.choice((*given, "level", "output-ending", "columns", "other"))] = _shown(text(choose))[
            :300
        ]
    return given


def _shown(words: str) -> str:
    """Return text that can be in a header or a key, or what stands for it there."""
    return "".join(letter for letter in words if letter.isprintable())


def make(choose: random.Random) -> Case:
    """Make a case."""
    objects: dict[str, Stored] = {}
    kind = choose.random()
    whole: Any = (
        value(choose, 4) if kind < 0.05 else event(choose, objects) if kind < 0.45 else request(choose)
    )
    for _ in range(choose.choice((0, 1, 1, 1, 2, 3))):
        whole = changed(choose, whole, _WORDS)
    secrets: tuple[str, ...] = ()
    if choose.random() < 0.3:
        secrets = (secret(choose),)
        whole = _with_secret(choose, whole, secrets[0])
    body = written(choose, whole) if choose.random() < 0.4 else json.dumps(whole)
    if choose.random() < 0.02:
        place = choose.choice([n for n, letter in enumerate(body) if letter in ':"'] or [0]) + 1
        unit = choose.choice(_UNITS) + choose.choice(("", "", choose.choice(_UNITS)))
        body = body[:place] + unit * (_HUGE_CHARACTERS // len(unit)) + body[place:]
    # What SQS does not take never comes.
    taken = _NOT_TAKEN.sub("?", body).encode()[:SQS_MESSAGE_MAX_BYTES].decode(errors="ignore") or "?"
    # Half a secret has no shape by which anyone could know it.
    return Case(
        taken, objects, tuple(one for one in secrets if one in taken), choose.choice((1, 1, 1, 2, 30))
    )


def _with_secret(choose: random.Random, whole: Any, hidden: str) -> Any:
    """Put a secret into one of the texts of JSON, in front of which any number of characters may stand."""
    if isinstance(whole, dict) and whole:
        name = choose.choice(list(whole))
        return {**whole, name: _with_secret(choose, whole[name], hidden)}
    if isinstance(whole, list) and whole:
        return [_with_secret(choose, whole[0], hidden), *whole[1:]]
    before = "x" * choose.choice((0, 5, 20, 50, 70, 150))
    start = whole if isinstance(whole, str) and choose.random() < 0.5 else before
    return f"{start} {hidden}"
