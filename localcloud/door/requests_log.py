"""The log of requests: a line of words for people, and one of JSON for machines (see `call_log`)."""

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from localcloud.door.call_log import moment
from localcloud.iam.keyring import Credential
from localcloud.iam.needs import needs_of
from localcloud.wire.call import Call, read_call
from localcloud.wire.refusals import Refusal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from localcloud.door.front_gate import Gate


class RequestsLog:
    """Writes `time METHOD service action status milliseconds`, and JSON; several threads may use it."""

    def __init__(self, words: Path, calls: Path) -> None:
        """Append to the two files while the context is open."""
        self._paths = (words, calls)
        self._words: IO[str]
        self._calls: IO[str]
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Open the files."""
        self._words, self._calls = (path.open("a", buffering=1) for path in self._paths)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files."""
        self._words.close()
        self._calls.close()

    def record(
        self, gate: "Gate", environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Let `gate` answer, then write the lines."""
        call = read_call(environ)
        started = time.perf_counter()
        heard: dict[str, Any] = {}

        def hear(credential: Credential | None, refusal: Refusal | None) -> None:
            # Now, because what the call is about may be gone when it is answered.
            heard.update(_row(call, credential, refusal))

        def start_and_write(status: str, *args: Any, **kwargs: Any) -> Any:
            milliseconds = (time.perf_counter() - started) * 1000
            now = datetime.now(UTC)
            code = status.split(" ")[0]
            line = json.dumps({"time": moment(now), **heard, "status": int(code)}, separators=(",", ":"))
            with self._lock:
                self._calls.write(f"{line}\n")
                self._words.write(
                    f"{now:%H:%M:%S}.{now.microsecond // 1000:03} {call.words} {code} {milliseconds:.0f}ms\n"
                )
            return start_response(status, *args, **kwargs)

        return gate.answer(call, environ, start_and_write, hear)


def _row(call: Call, credential: Credential | None, refusal: Refusal | None) -> dict[str, Any]:
    account = credential.account if credential else None
    return {
        "service": call.service,
        "operation": call.operation or call.words.partition(" ")[0] + " " + call.words.rpartition(" ")[2],
        "needs": [asdict(need) for need in needs_of(call, account)] if account else [],
        "region": call.region,
        "account": account,
        "access_key": call.signed.key_id if call.signed else None,
        "principal": credential.principal if credential else None,
        "refused": refusal.code if refusal else None,
        "dry_run": call.parameters.get("DryRun") == "true",
    }
