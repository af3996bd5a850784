"""The Python API, against a worker of its own."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobfleet import Fleet, JobFailed, NoAnswerInTime, Settings
from jobfleet.errors import BadInput, BadOutput
from PIL import Image

from tests.patience import patience


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def settings(stack: Any) -> Settings:
    return Settings(stack.name, "us-east-1", endpoint_url=stack.front.url)


def test_the_same_words_as_on_the_command_line(stack: Any, settings: Settings, tmp_path: Path) -> None:
    stack.worker()
    photo = tmp_path / "photo.png"
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(photo)
    with Fleet(settings) as fleet:
        assert fleet.stats([1, 2, 3.5, np.float64(1.5)])["mean"] == 2
        for operation in ("greyscale", "threshold", "blackwhite"):
            path = getattr(fleet, operation)(photo, tmp_path / f"{operation}.png")
            with Image.open(path) as image:
                assert image.size == (16, 16)
        job = fleet.submit("threshold", photo, name="t.png", parameters={"level": 9})
        assert job.result().output is not None
        assert job.done()
        with pytest.raises(JobFailed, match="no image"):
            fleet.submit("greyscale", Path(__file__), name="x.png").result()
    left = stack.sqs.list_queues(QueueNamePrefix=stack.names.replies_prefix)["QueueUrls"]
    assert left == [stack.replies]


def test_two_clients_and_many_threads_get_each_their_own_answers(stack: Any, settings: Settings) -> None:
    stack.worker()
    found: dict[tuple[int, int], Any] = {}
    with Fleet(settings) as one, Fleet(settings) as two:

        def ask(client: int, number: int) -> None:
            fleet = (one, two)[client]
            found[client, number] = fleet.stats([client * 1000 + number], timeout=patience(120))["mean"]

        threads = [threading.Thread(target=ask, args=(n % 2, n)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {(n % 2, n): n % 2 * 1000 + n for n in range(20)}


def test_results_may_be_asked_for_in_any_order_and_late(stack: Any, settings: Settings) -> None:
    with Fleet(settings) as fleet:
        jobs = [fleet.submit("stats", str(number)) for number in range(3)]
        with pytest.raises(NoAnswerInTime) as caught:
            jobs[0].result(timeout=0.1)
        assert caught.value.job_id == jobs[0].id
        assert not jobs[0].done()
        stack.worker()
        assert [(job.result().result or {})["mean"] for job in reversed(jobs)] == [2, 1, 0]


def test_what_no_worker_could_do_is_not_sent(stack: Any, settings: Settings, tmp_path: Path) -> None:
    with Fleet(settings) as fleet:
        for operation, source, more in (
            ("stats", "one", {}),
            ("stats", "", {}),
            ("stats", "1", {"parameters": {"level": 1}}),
            ("greyscale", tmp_path / "nothing.png", {}),
            ("greyscale", tmp_path, {}),
            ("greyscale", "text", {}),
            ("threshold", Path(__file__), {"parameters": {"level": 300}}),
            ("greyscale", Path(__file__), {"name": "/x"}),
        ):
            with pytest.raises(BadInput):
                fleet.submit(operation, source, **more)  # type: ignore[arg-type]
        assert stack.front.calls == []
        # What is not known here may be a worker's own: they are asked, and nothing is sent.
        with pytest.raises(BadInput, match="rot13"):
            fleet.submit("rot13", "1")
    # Where none is alive, the fleet's next hosts may do it.
    assert stack.front.calls == ["GetCallerIdentity", "GET ", "GET config/scaling.json"]


def grey_level(path: Path) -> int:
    with Image.open(path) as image:
        return int(np.asarray(image).flat[0])


def test_clients_that_name_their_files_alike_get_each_their_own_image(
    stack: Any, settings: Settings, tmp_path: Path
) -> None:
    stack.worker()
    levels = range(0, 240, 20)
    for level in levels:
        (tmp_path / str(level)).mkdir()
        Image.new("RGB", (8, 8), (level, level, level)).save(tmp_path / str(level) / "photo.png")
    with Fleet(settings) as fleet:
        jobs = {level: fleet.submit("greyscale", tmp_path / str(level) / "photo.png") for level in levels}
        for level, job in jobs.items():
            job.download(tmp_path / str(level) / "grey.png", timeout=patience(120))

    assert [grey_level(tmp_path / str(level) / "grey.png") for level in levels] == list(levels)


def test_an_output_that_another_job_of_that_name_overwrote_is_not_passed_off_as_one_s_own(
    stack: Any, settings: Settings, tmp_path: Path
) -> None:
    stack.worker()
    for level in (10, 200):
        Image.new("L", (8, 8), level).save(tmp_path / f"{level}.png")
    with Fleet(settings) as fleet:
        first = fleet.submit("greyscale", tmp_path / "10.png", name="same.png")
        first.result(timeout=patience(120))
        second = fleet.submit("greyscale", tmp_path / "200.png", name="same.png")
        second.result(timeout=patience(120))

        with pytest.raises(BadOutput, match="another job's output"):
            first.download(tmp_path / "first.png")
        assert not (tmp_path / "first.png").exists()
        assert grey_level(second.download(tmp_path / "second.png")) == 200
