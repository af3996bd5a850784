"""What an upload is answered with."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from jobfleet.stack.offered_operations import Offered, Offers
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Text
from jobfleet_web.model import InMemory, JobFailure
from jobfleet_web.problems import Problem

from tests.web_bench import LABELS, ScriptedWork, Site, view

PICTURE = ("photo.jpg", b"picture", "image/jpeg")
UPLOAD = "/api/v1/upload"
Make = Callable[..., Site]


def failed(upload: Any) -> Any:
    """Say of a job that it failed."""
    return view(upload, "failed", None, failure=JobFailure("not-an-image", "no image", "send one"))


def unfinished(upload: Any) -> Any:
    """Say of a job that it is under way."""
    return view(upload, "working", None)


def test_a_file_is_answered_with_its_job(site: Make) -> None:
    made = site()
    answer = made.post(UPLOAD, files={"any": PICTURE}, data={"operation": "threshold", "level": "7"})
    assert answer.status_code == 200
    (job,) = answer.json()["jobs"]
    assert (job["status"], job["name"], job["parameters"]) == ("succeeded", "photo.jpg", {"level": 7})
    (upload,) = made.work.uploads
    assert (upload.body, upload.content_type, upload.job_id) == (
        InMemory(b"picture"),
        "image/jpeg",
        job["id"],
    )
    assert answer.json()["batch"] is None
    assert answer.json()["links"] == {}


def test_the_query_names_operation_and_parameters_as_well(site: Make) -> None:
    made = site()
    answer = made.post(f"{UPLOAD}?operation=resize&width=80", files={"f": PICTURE}, data={"height": "60"})
    assert answer.status_code == 200
    assert made.work.uploads[0].parameters == {"width": 80, "height": 60}


def test_fields_may_come_after_the_file(site: Make) -> None:
    made = site()
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\nabc\r\n'
        b'--x\r\nContent-Disposition: form-data; name="operation"\r\n\r\ngreyscale\r\n--x--\r\n'
    )
    answer = made.post(UPLOAD, content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 200
    assert made.work.uploads[0].operation.name == "greyscale"


def test_several_files_are_a_batch(site: Make) -> None:
    made = site()
    answer = made.post(f"{UPLOAD}?operation=greyscale", files=[("f", PICTURE), ("f", PICTURE)])
    assert answer.json()["batch"] == made.work.calls[0]["batch"] is not None
    assert answer.json()["links"]["page"] == f"/batches/{answer.json()['batch']}"
    assert len(made.work.calls) == 1


@pytest.mark.parametrize(
    ("field", "text"), [("myfile", "tabby"), ("inputFile", "photo:tabby")], ids=["older", "newer"]
)
@pytest.mark.parametrize("path", ["/", UPLOAD])
def test_load_generators_get_the_bare_label(site: Make, field: str, text: str, path: str) -> None:
    made = site()
    answer = made.post(path, files={field: ("photo.jpg", b"picture")}, headers={"Accept": "*/*"})
    assert (answer.status_code, answer.text) == (200, text)
    assert answer.headers["content-type"].startswith("text/plain")
    assert made.work.waits == [made.settings.wait_max]


def test_a_load_generator_is_told_of_a_job_that_is_not_done_by_504(site: Make) -> None:
    answer = site(ScriptedWork(unfinished)).post("/", files={"myfile": PICTURE})
    assert answer.status_code == 504
    assert int(answer.headers["retry-after"]) > 0


def test_without_classify_a_load_generator_must_name_an_operation(site: Make) -> None:
    made = site(ScriptedWork(lacking=("classify",)))
    assert made.post("/", files={"myfile": PICTURE}).json()["type"].endswith(":operation-missing")
    assert made.post("/?operation=greyscale", files={"myfile": PICTURE}).status_code == 200


@pytest.mark.parametrize("dialect", ["myfile", "file"])
def test_a_job_that_failed_is_never_a_200(site: Make, dialect: str) -> None:
    answer = site(ScriptedWork(failed)).post("/?operation=greyscale", files={dialect: PICTURE})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["type"], told["mend"]) == ("urn:jobfleet:problem:not-an-image", "send one")
    assert told["job"] == told["jobs"][0]


def test_one_failed_of_several_is_a_422_that_tells_of_all(site: Make) -> None:
    def half(upload: Any) -> Any:
        return failed(upload) if upload.name == "b" else view(upload, "succeeded", LABELS)

    files = [("f", (name, b"x")) for name in ("a", "b", "c")]
    answer = site(ScriptedWork(half)).post(f"{UPLOAD}?operation=greyscale", files=files)
    assert answer.status_code == 422
    assert [job["status"] for job in answer.json()["jobs"]] == ["succeeded", "failed", "succeeded"]


def test_what_is_not_done_in_time_is_a_202_with_its_place(site: Make) -> None:
    made = site(ScriptedWork(unfinished))
    answer = made.post(
        f"{UPLOAD}?operation=greyscale", files={"f": PICTURE}, headers={"Prefer": "foo, wait=500; x=y"}
    )
    assert answer.status_code == 202
    assert answer.headers["location"] == answer.json()["jobs"][0]["links"]["self"]
    assert answer.headers["preference-applied"] == f"wait={made.settings.wait_max}"
    assert "Prefer" in answer.headers["vary"]


def test_whoever_prefers_it_is_answered_at_once(site: Make) -> None:
    made = site()
    answer = made.post(
        f"{UPLOAD}?operation=greyscale", files={"myfile": PICTURE}, headers={"Prefer": "respond-async"}
    )
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    assert made.work.waits == [0]


def test_a_form_without_javascript_is_led_to_the_page_of_its_batch(site: Make) -> None:
    made = site()
    answer = made.post(
        "/?operation=greyscale", files={"myfile": PICTURE}, headers={"Accept": "text/html,*/*;q=0.8"}
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/batches/{made.work.calls[0]['batch']}"


def test_a_form_in_which_no_file_was_chosen_brings_none(site: Make) -> None:
    made = site()
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename=""\r\n\r\n\r\n'
        b'--x\r\nContent-Disposition: form-data; name="level"\r\n\r\n\r\n--x--'
    )
    answer = made.post(
        f"{UPLOAD}?operation=greyscale", content=body,
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:jobfleet:problem:no-file")


@pytest.mark.parametrize(
    ("query", "code", "value"),
    [
        ("", "operation-missing", None),
        ("operation=greyscal", "unknown-operation", "greyscal"),
        ("operation=threshold&level=999", "bad-parameter", "999"),
        ("operation=threshold&levle=9", "bad-parameter", "levle"),
        ("operation=threshold&operation=greyscale", "given-twice", "greyscale"),
        ("operation=convert&format=jpge", "bad-parameter", "jpge"),
        ("operation=rotate", "bad-parameter", None),
        ("operation=resize", "bad-parameter", None),
        ("operation=greyscale&batch=x", "bad-batch", "x"),
        ("operation=pipeline&steps=[", "bad-parameter", "["),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_value_and_the_way_out(
    site: Make, query: str, code: str, value: str | None
) -> None:
    made = site()
    answer = made.post(f"{UPLOAD}?{query}", files={"f": PICTURE})
    told = answer.json()
    assert (answer.status_code, told["type"]) == (400, f"urn:jobfleet:problem:{code}")
    assert told.get("value") == value
    assert told["mend"]
    assert made.work.uploads == []


class OneOfAPackage(ScriptedWork):
    """Offers an operation whose pattern Python's `re` would try for years on the value of the test below."""

    async def operations(self) -> Offers:
        offers = await super().operations()
        offers.offered["it"] = Offered(await self.operation("it"), ["w1"])
        return offers

    async def operation(self, name: str) -> Operation:
        word = Text("word", "A word.", pattern="(a+)+b", what="letters and a b")
        return Operation(name, "file", "It.", (word,), "answer")


def test_a_package_cannot_hold_up_the_host_by_its_pattern(site: Make) -> None:
    made = site(OneOfAPackage())
    answer = made.post(f"{UPLOAD}?operation=it&word={'a' * 60}", files={"f": PICTURE})
    assert (answer.status_code, made.get("/healthz").status_code) == (400, 200)
    assert "letters and a b" in answer.json()["detail"]


@pytest.mark.parametrize("steps", ["resize width=8 | greyscale", '[{"operation":"greyscale"}]'])
def test_steps_are_typed_or_json(site: Make, steps: str) -> None:
    made = site()
    assert made.post(f"{UPLOAD}?operation=pipeline", files={"f": PICTURE}, data={"steps": steps}).is_success
    assert made.work.uploads[0].parameters["steps"][-1]["operation"] == "greyscale"


def test_the_refusal_of_a_stack_is_the_answer(site: Make) -> None:
    work = ScriptedWork(refusal=Problem(503, "credentials-over", "the session is over", mend="start it"))
    answer = site(work).post(f"{UPLOAD}?operation=greyscale", files={"f": PICTURE})
    assert (answer.status_code, answer.json()["mend"]) == (503, "start it")


def test_the_key_and_the_sender_reach_the_work(site: Make) -> None:
    made = site()
    made.post(f"{UPLOAD}?operation=greyscale", files={"f": PICTURE}, headers={"Idempotency-Key": "k-1"})
    assert made.work.calls == [{"batch": None, "key": "k-1", "sender": "192.0.2.7"}]


@pytest.mark.parametrize("key", ["", "two words", "k" * 256])
def test_a_key_that_is_none_is_refused(site: Make, key: str) -> None:
    answer = site().post(
        f"{UPLOAD}?operation=greyscale", files={"f": PICTURE}, headers={"Idempotency-Key": key}
    )
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:jobfleet:problem:bad-idempotency-key")


def test_times_of_a_job_go_out_as_server_timing(site: Make) -> None:
    def timed(upload: Any) -> Any:
        return view(upload, "succeeded", {}, times={"upload": 0.5, "working": 0.0123})

    answer = site(ScriptedWork(timed)).post(f"{UPLOAD}?operation=greyscale", files={"f": PICTURE})
    assert answer.headers["server-timing"] == "upload;dur=500.0, working;dur=12.3"


def test_held_requests_are_answered_when_the_process_has_waited_for_them_long_enough(site: Make) -> None:
    made = site(ScriptedWork(gate=asyncio.Event()))

    async def held() -> int:
        async with made.client() as client:
            sent = asyncio.create_task(client.post(f"{UPLOAD}?operation=greyscale", files={"f": PICTURE}))
            await made.until(lambda: made.work.waits)
            made.hall.stop.ask(0)
            return (await sent).status_code

    assert made.run(held()) == 202
