"""The line of an error: a sentence on stderr, or with `--json` one line of JSON there."""

import json
import sys

from jobfleet_jobs.credentials.redaction import redact

from jobfleet.errors import Exit
from jobfleet.human_text import plain_lines


def tell(words: str, code: int, *, as_json: bool) -> None:
    """Write an error to stderr, without the secrets in it. `code` is the exit code that goes with it."""
    words = redact(words)
    if not as_json:
        sys.stderr.write(f"jobfleet: {plain_lines(words)}\n")
        return
    kind = Exit(code).name.lower().replace("_", "-") if code in set(Exit) else "error"
    sys.stderr.write(json.dumps({"error": words, "kind": kind, "exit": int(code)}, ensure_ascii=False) + "\n")
