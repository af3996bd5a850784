"""What others may have written is read with care: JSON by `careful_json`, and told without its secrets."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.places import REPOSITORY

PACKAGES = (
    "client/jobfleet",
    "jobs/jobfleet_jobs",
    "scaling/jobfleet_scaling",
    "web/jobfleet_web",
    "worker/jobfleet_worker",
)

# Where Python's own parser reads, with the reason.
MAY_PARSE = {
    "jobs/jobfleet_jobs/careful_json.py": "it is the careful reader",
    "jobs/jobfleet_jobs/direct_calls/clients.py": "AWS's own answers",
    "client/jobfleet/bench/engine/http_target.py": "it expects a RecursionError",
    "client/jobfleet/cli/commands/answers/jobs.py": "what it has just written",
    "client/jobfleet/cli/commands/stack/scaling.py": "what it has just written",
    "client/jobfleet/cli/shell/session.py": "what it has just written",
    "client/jobfleet/cli/terminal/output.py": "what it has just written",
    "scaling/jobfleet_scaling/aws/clients.py": "a file of this project's",
    "scaling/jobfleet_scaling/service/scaling_log.py": "what it has just written",
    "web/jobfleet_web/uploads/numbers_json.py": "it expects a RecursionError",
    "web/jobfleet_web/work/jobs/job_views.py": "what it has just written",
    "web/jobfleet_web/work/scaling_report.py": "what it has just written",
    "worker/jobfleet_worker/aws/queues.py": "AWS's own answers",
    "worker/jobfleet_worker/offers/package_install.py": "pip's own report",
    "worker/jobfleet_worker/operations/engines/onnx_classifier.py": "the worker's own settings",
}

# A text that is cut in a sentence, as `{name[:80]!r}`, `{name!r:.80}`, `repr(name[:80])`, `str(problem)[:9]`
# and `words[:WORDS_MAX]` are. Redaction comes afterwards, and half a secret has no shape that it knows.
_CUT_FIRST = re.compile(
    r"\[:\w+\](?:!r)?\}|!r:\.\d+\}|\brepr\([^()]*\[:|\b(?<!redact\()(?:str|repr)\([^()]*\)\[:"
    r"|\b(?:words|cause|message)\[:\w|\}\"\[:\w"
)
# Redacted in the same line; digits of an id.
_CUT_AFTER = re.compile(r"\bredact\(|\bdigits\[:8\]")

# What else is cut, with the reason.
MAY_CUT = {
    'return f"{key_id[:4]}…{key_id[-4:]}" if len(key_id) >= 16 else f"{key_id[:2]}…"': "hides most",
    'return f"{text[:4]}…"': "hides most",
    'more = f", and says: {words[:_SAID_MAX]}" if words else ""': "redacted in the line before",
    'return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.sqlite"': "a hash",
    """"ETag": f'"{hashlib.sha256(data).hexdigest()[:20]}"',""": "a hash",
    'who = f"client-{socket.gethostname()[:40]}-{os.getpid()}"': "the machine's name",
    "found |= {item.key: item for item in span.nearest(new)[:room]}": "no text",
    "return {one.facts.id: one for one in sought[:LOOK_MAX_JOBS]}": "no text",
}


def modules() -> Iterator[tuple[str, str]]:
    """Give each module of the product with its text."""
    for package in PACKAGES:
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            yield str(path.relative_to(REPOSITORY)), path.read_text()


def parses(text: str) -> bool:
    """Tell whether a module calls `json.loads` or `json.load`."""
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return any(ast.unparse(call.func) in ("json.loads", "json.load") for call in calls)


def test_only_what_is_known_is_read_by_pythons_own_parser() -> None:
    assert {name for name, text in modules() if parses(text)} == set(MAY_PARSE)


def cuts_first(text: str) -> list[str]:
    """Give the lines that cut a text before its secrets are taken out."""
    return [
        line.strip() for line in text.splitlines() if _CUT_FIRST.search(line) and not _CUT_AFTER.search(line)
    ]


@pytest.mark.parametrize(
    "line",
    [
        'f"{word[:40]!r} is bad"', 'f"{word[:_MAX]!r} is bad"', 'f"{word[:40]} is bad"', "words[:WORDS_MAX]",
        'f"{name!r:.80}: no"', "repr(cell[:40])", "repr(cell)[:40]", "str(problem)[:300]",
        'f"{problem}"[:_MAX]',
    ],
)  # fmt: skip
def test_each_way_to_cut_first_is_seen(line: str) -> None:
    assert cuts_first(line) == [line]


def test_nothing_is_cut_before_secrets_are_taken_out() -> None:
    found = {line: name for name, text in modules() for line in cuts_first(text)}

    assert {line: name for line, name in found.items() if line not in MAY_CUT} == {}
    assert set(MAY_CUT) <= set(found), "what is not cut any more needs no reason"
