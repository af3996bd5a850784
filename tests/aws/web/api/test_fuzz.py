"""The API under requests that a program makes from its description, well-formed and not."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from jobfleet_web.api.openapi import document
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.patience import patience
from tests.web_process import TOKEN, StartWeb, WebProcess

# For each endpoint and each of both kinds. The same ones in each run: no example depends on the one before.
EXAMPLES = 8

# A stream of events goes on for as long as somebody listens.
ENDLESS = "/api/v1/batches/{batch}/events"

CHECKS = [
    not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance,
]  # fmt: skip


def a_job_and_its_batch(web: WebProcess) -> dict[str, str]:
    """Send a file; return what may stand in the paths of endpoints."""
    batch = requests.post(f"{web.url}/api/v1/batches", timeout=patience(20)).json()["batch"]
    asked = {"operation": "stats", "batch": batch}
    told = requests.post(f"{web.url}/api/v1/upload", asked, files={"f": b"1 2"}, timeout=patience(20)).json()
    return {"job": told["jobs"][0]["id"], "batch": batch}


def ask(operation: Any, mode: GenerationMode, there: dict[str, str], sent: dict[str, Any]) -> None:
    """Send an endpoint what fits its description, or what does not, and look at what comes back."""

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def answered(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            case.path_parameters |= {name: there[name] for name in case.path_parameters}
        case.validate_response(case.call(**sent), checks=CHECKS)

    # An endpoint that takes nothing cannot be asked wrongly.
    with suppress(Unsatisfiable):
        answered()


# All in one test: starting a process and a worker takes longer than the requests.
def test_no_request_is_answered_with_a_500_or_otherwise_than_described(
    start_web: StartWeb, bench: Callable[..., Any]
) -> None:
    bench().start()
    web = start_web(wait_default=0, wait_max=1)
    sent = {
        "base_url": f"http://127.0.0.1:{web.port}", "headers": {"Authorization": f"Bearer {TOKEN}"},
        "timeout": patience(20),
    }  # fmt: skip
    there = a_job_and_its_batch(web)
    for found in schemathesis.openapi.from_dict(document()).get_all_operations():
        operation = found.ok()
        if operation.path != ENDLESS:
            for mode in GenerationMode:
                ask(operation, mode, there, sent)
    assert len({line["path"] for line in web.lines("request")}) > 10
    assert web.lines("mistake") == []
    assert web.stop() == 0
