"""What the API tells of jobs, batches and the stack, over HTTP."""

import asyncio
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import httpx
import pytest
from jobfleet import Fleet
from jobfleet.errors import DamagedScaling
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import JobError, Result
from jobfleet_jobs.protocol.names import SCALING_CONFIGURATION_KEY, image_offer_key
from jobfleet_web.door.head import Head
from jobfleet_web.settings import WebSettings
from jobfleet_web.wiring import Web, build

from tests.patience import patience
from tests.scaling_bench import Scaled
from tests.web_uploads import until

T = TypeVar("T")

Use = Callable[[httpx.AsyncClient, Web], Awaitable[T]]


def with_site(settings: WebSettings, use: Use[T]) -> T:
    """Open the application for a stack, use it, and close it."""

    async def run() -> T:
        web = build(settings)
        transport = httpx.ASGITransport(web.app)
        try:
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1", timeout=patience(60)
            ) as client:
                return await use(client, web)
        finally:
            await web.work.close()

    return asyncio.run(run())


async def uploaded(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    files = [("file", ("a.txt", b"1 2 3"))]
    answer = await client.post(
        "/api/v1/upload",
        files=files,
        params={"operation": "stats"},
        headers={"Prefer": "respond-async"},
        **more,
    )
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def store(stack: Any, result: Result) -> None:
    stack.s3.put_object(Bucket=stack.bucket, Key=f"results/{result.id}.json", Body=result.to_json().encode())


def test_a_job_is_followed_by_its_links(stack: Any, web_settings: WebSettings) -> None:
    async def use(client: httpx.AsyncClient, web: Web) -> None:
        [job] = (await uploaded(client))["jobs"]
        answer = await client.get(job["links"]["self"])
        assert (answer.status_code, answer.json()["status"]) == (200, "waiting")
        answer = await client.get(f"{job['links']['self']}/output")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:jobfleet:problem:not-done")
        answer = await client.get(job["links"]["input"])
        assert (answer.status_code, answer.content) == (200, b"1 2 3")
        assert answer.headers["content-disposition"] == 'attachment; filename="a.txt"'
        answer = await client.head(job["links"]["input"])
        assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "5")
        stack.worker()
        [done] = await web.work.wait([job["id"]], patience(30))
        answer = await client.get(job["links"]["self"])
        assert answer.json() == done.to_json()
        assert answer.json()["result"]["mean"] == 2

    with_site(web_settings, use)


def test_a_failed_job_is_never_a_200_and_can_be_retried(stack: Any, web_settings: WebSettings) -> None:
    async def use(client: httpx.AsyncClient, web: Web) -> None:
        [job] = (await uploaded(client))["jobs"]
        error = JobError("bad-number", "'x' is no number")
        store(stack, Result(job["id"], "stats", "failed", "w", 1, error=error))
        # No worker sent an answer: it is found where the reply queue is silent.
        await web.work.wait([job["id"]], patience(30))
        failing = await client.get(job["links"]["self"])
        assert failing.status_code == 422
        told = failing.json()
        assert (told["type"], told["job"]["id"]) == ("urn:jobfleet:problem:bad-number", job["id"])
        assert told["mend"]
        answer = await client.post(told["job"]["links"]["retry"])
        assert answer.status_code == 202
        assert answer.json()["id"] != job["id"]
        assert answer.headers["location"] == answer.json()["links"]["self"]

    with_site(web_settings, use)


@pytest.mark.parametrize(
    "path", ["jobs/x", "jobs/{new}", "jobs/{new}/output", "jobs/{new}/input", "batches/x"]
)
def test_what_there_is_not_is_a_404_with_a_way_out(stack: Any, web_settings: WebSettings, path: str) -> None:
    async def use(client: httpx.AsyncClient, web: Web) -> None:
        answer = await client.get(f"/api/v1/{path.format(new=new_job_id())}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["mend"]

    with_site(web_settings, use)


def test_a_batch_begins_empty_and_fills(stack: Any, web_settings: WebSettings) -> None:
    stack.worker()

    async def use(client: httpx.AsyncClient, web: Web) -> None:
        made = await client.post("/api/v1/batches")
        assert made.status_code == 201
        links = made.json()["links"]
        assert made.headers["location"] == links["self"]
        assert (await client.get(links["self"])).json()["counts"]["total"] == 0
        assert (await client.get(links["zip"])).status_code == 404
        sent = await uploaded(client, data={"batch": made.json()["batch"]})
        await web.work.wait([job["id"] for job in sent["jobs"]], patience(30))
        told = (await client.get(links["self"])).json()
        assert [job["status"] for job in told["jobs"]] == ["succeeded"]
        assert told["next"] is None
        for query in ("limit=0", "limit=x", "limit=1001", "limit=٣", "after=x"):
            assert (await client.get(f"{links['self']}?{query}")).status_code == 400
        answer = await client.get(links["zip"])
        assert answer.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert json.loads(archive.read("a.txt.json"))["mean"] == 2
        calls = len(stack.front.calls)
        assert (await client.head(links["zip"])).content == b""
        assert len(stack.front.calls) - calls == 1  # the listing: nothing is fetched for a HEAD

    with_site(web_settings, use)


def test_events_are_a_stream_that_ends_with_the_process(stack: Any, web_settings: WebSettings) -> None:
    async def use(client: httpx.AsyncClient, web: Web) -> None:
        sent = await uploaded(client, data={"batch": new_job_id()})
        events = sent["links"]["events"]
        assert (await client.head(events)).status_code == 200
        listening = asyncio.create_task(client.get(events))
        # The jobs are told before the stack is looked at.
        await until(lambda: "GetQueueAttributes" in stack.front.calls)
        web.work.end_streams()
        answer = await asyncio.wait_for(listening, patience(10))
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        [data] = [line for line in answer.text.splitlines() if line.startswith('data: {"id"')]
        assert json.loads(data.removeprefix("data: "))["id"] == sent["jobs"][0]["id"]
        assert "retry: 3000" in answer.text

    with_site(web_settings, use)


def test_operations_are_told_with_all_that_a_form_needs(stack: Any, web_settings: WebSettings) -> None:
    stack.worker()
    stack.until(lambda: any(call.startswith("PUT workers/w1.json") for call in stack.front.calls))

    async def use(client: httpx.AsyncClient, web: Web) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await client.get("/api/v1/operations")).json()["operations"]
        return found

    told = {one["name"]: one for one in with_site(web_settings, use)}
    assert set(OPERATIONS) <= set(told)
    assert told["greyscale"]["offered"] is True
    level = next(one for one in told["threshold"]["parameters"] if one["name"] == "level")
    assert level == {
        "name": "level", "type": "integer", "default": 125, "required": False, "minimum": 0, "maximum": 255,
        "help": "Values up to this become LOW, higher values become HIGH.",
    }  # fmt: skip
    kinds = {one["type"] for operation in told.values() for one in operation["parameters"]}
    assert kinds == {"integer", "number", "text", "choice", "boolean", "steps"}
    for name in ("text", "classify"):
        assert told[name]["offered"] or told[name]["why_not"]


def test_operations_of_a_fleet_that_sleeps_are_those_of_its_next_hosts(
    stack: Any, web_settings: WebSettings
) -> None:
    scaled = Scaled(stack).publish(image="0123456789ab", paused=True)  # nothing shall be launched
    own = {"name": "shine", "takes": "file", "gives": "answer", "summary": "Shines."}
    offer = {"operations": ["stats", "shine"], "own": [own], "lacking": {"text": "it is off"}}
    scaled.put(image_offer_key("0123456789ab"), json.dumps(offer).encode())

    async def use(client: httpx.AsyncClient, web: Web) -> tuple[dict[str, Any], str, int]:
        told: dict[str, Any] = (await client.get("/api/v1/operations")).json()
        page = (await client.get("/")).text
        sent = await client.post(
            "/api/v1/upload", data={"operation": "shine"}, files={"file": ("a.txt", b"a")}
        )
        return told, page, sent.status_code

    told, page, status = with_site(web_settings, use)
    assert told["next_hosts"] is True
    offered = {one["name"]: one["offered"] for one in told["operations"]}
    assert (offered["shine"], offered["stats"], offered["text"]) == (True, True, False)
    assert '<option value="shine"' in page
    assert '<p class="quiet" id="next-hosts">No worker runs now.' in page
    assert status == 202


def test_a_damaged_configuration_of_the_scaling_is_told_as_the_client_tells_it(
    stack: Any, web_settings: WebSettings
) -> None:
    Scaled(stack).put(SCALING_CONFIGURATION_KEY, b'{"min": 0, "ma')
    with pytest.raises(DamagedScaling) as said, Fleet(web_settings.client_settings()) as fleet:
        fleet.exchange.scaling(timedelta(hours=1))

    async def use(client: httpx.AsyncClient, web: Web) -> tuple[dict[str, Any], dict[str, Any], str]:
        fleet, scaling = [(await client.get(f"/api/v1/{name}")).json() for name in ("fleet", "scaling")]
        return fleet, scaling, (await client.get("/scaling")).text

    fleet_told, scaling_told, page = with_site(web_settings, use)
    assert fleet_told["message"] == f"no worker runs, and {said.value}"
    assert (fleet_told["scaling"]["phase"], fleet_told["scaling"]["warnings"]) == (
        "unknown",
        [str(said.value)],
    )
    assert (scaling_told["type"], scaling_told["detail"]) == (
        "urn:jobfleet:problem:scaling-damaged", str(said.value),
    )  # fmt: skip
    assert "config/scaling.json in the stack&#39;s bucket is damaged" in page


def test_the_stack_is_told_as_it_is(stack: Any, web_settings: WebSettings) -> None:
    async def use(client: httpx.AsyncClient, web: Web) -> dict[str, Any]:
        assert (await client.get("/healthz")).text == "ok\n"
        assert (await client.get("/readyz")).status_code == 200
        await asyncio.gather(*(client.get("/api/v1/fleet") for _ in range(10)))
        assert stack.front.calls.count("GetQueueAttributes") == 1
        await uploaded(client)
        await client.get("/nowhere")
        web.hall.waiting.enter(Head("POST", "/api/v1/upload", {}, None))
        metrics = (await client.get("/metrics")).text
        for line in (
            'jobfleet_web_uploads_total{operation="stats"} 1.0',
            'jobfleet_web_problems_total{code="not-found"} 1.0',
            "jobfleet_web_held_requests 1.0",
        ):
            assert line in metrics
        found: dict[str, Any] = (await client.get("/api/v1/fleet")).json()
        return found

    told = with_site(web_settings, use)
    assert told["workers"] == {"alive": 0, "paused": 0, "asleep": 0}
    assert "site.yml" in told["mend"]


def test_a_session_that_is_over_is_told_and_nobody_hears_whose(stack: Any, web_settings: WebSettings) -> None:
    stack.front.cancelled_keys.add("key")

    async def use(client: httpx.AsyncClient, web: Web) -> None:
        told = (await client.get("/api/v1/fleet")).json()
        assert told["session"]["state"] == "over"
        assert "credentials.yml" in told["mend"]
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert stack.name not in answer.text
        assert "arn" not in answer.text
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/api/v1/operations")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:jobfleet:problem:session-over")

    with_site(web_settings, use)
