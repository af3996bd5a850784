"""Load generators as courses hand them out, unmodified: python-requests, threads, one file a POST."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from tests.models import means
from tests.patience import patience
from tests.web_process import StartWeb, WebProcess

THREADS, IMAGES = 20, 60

COLOURS = {"red": (204, 51, 102), "green": (51, 204, 102), "blue": (51, 102, 204)}


@pytest.fixture
def web(start_web: StartWeb, stack: Any, tmp_path: Path) -> WebProcess:
    """A web host before a worker that classifies."""
    model = means(tmp_path, metadata={"jobfleet.mean": "0", "jobfleet.std": "1", "jobfleet.softmax": "false"})
    named = {"classify_model": model.path, "classify_sha256": model.sha256, "classify_labels": model.labels}
    stack.worker("--config", str(stack.settings_file(**named)))
    stack.until(lambda: "Contents" in stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="workers/"))
    return start_web()


def pictures(folder: Path) -> list[tuple[Path, str]]:
    """Make pictures; return them with their labels."""
    made = []
    for number in range(IMAGES):
        label = list(COLOURS)[number % 3]
        path = folder / f"test_{number:02}.v1.jpg"
        Image.new("RGB", (40 + number, 30), COLOURS[label]).save(path, quality=95)
        made.append((path, label))
    return made


@pytest.mark.parametrize(("field", "path"), [("myfile", "/"), ("inputFile", "/api/v1/upload")])
def test_each_of_many_threads_gets_the_answer_to_its_own_picture(
    web: WebProcess, tmp_path: Path, field: str, path: str
) -> None:
    def send(picture: tuple[Path, str]) -> tuple[int, str, str]:
        # Without a Content-Type in the part, Accept */*, and no Prefer: as the generators have it.
        with picture[0].open("rb") as file:
            answer = requests.post(f"{web.url}{path}", files={field: file}, timeout=patience(100))
        label = picture[1] if field == "myfile" else f"{picture[0].stem}:{picture[1]}"
        return answer.status_code, answer.text, label

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(send, pictures(tmp_path)))
    assert [(status, text) for status, text, _ in answers] == [(200, label) for _, _, label in answers]


def test_what_is_sent_again_while_it_is_under_way_meets_the_job_that_is_there(
    start_web: StartWeb, stack: Any
) -> None:
    web = start_web()
    sent = [
        requests.post(
            f"{web.url}/?operation=stats", files={"f": ("n.txt", b"1 2")}, timeout=patience(30),
            headers={"Prefer": "respond-async"},
        )
        for _ in range(2)
    ]  # fmt: skip
    assert len({answer.json()["jobs"][0]["id"] for answer in sent}) == 1
    assert stack.waiting(stack.requests) == 1
