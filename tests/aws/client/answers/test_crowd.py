"""Twenty clients at once, and inputs of the largest kind."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobfleet.errors import Exit
from PIL import Image

from tests.client_run import Run, environment
from tests.patience import patience
from tests.places import REPOSITORY

CLIENTS, JOBS = 20, 6

# What each client does: it sends numbers that are its alone, notes whose answers come to its queue,
# and tells both.
CLIENT = """
import json, sys
from jobfleet import Fleet, as_completed
from jobfleet.answers.reply_queue import ReplyQueue

came, receive = [], ReplyQueue.receive
def noting(self, seconds):
    bodies = receive(self, seconds)
    came.extend(json.loads(body)["id"] for body in bodies or ())
    return bodies
ReplyQueue.receive = noting

mine, count = int(sys.argv[1]) * 1000, int(sys.argv[2])
with Fleet() as fleet:
    numbers = range(mine, mine + count)
    jobs = dict(zip(fleet.submit_many("stats", [[number] for number in numbers]), numbers))
    means = {job.id: [jobs[job], job.result(0).result["mean"]] for job in as_completed(jobs, 240)}
print(json.dumps({"means": means, "came": came, "ids": [job.id for job in jobs]}))
"""


def test_twenty_clients_get_each_all_their_own_answers_and_none_of_another_s(stack: Any, home: Path) -> None:
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(number), str(JOBS)], env=environment(stack, home), text=True,
            stdout=subprocess.PIPE, cwd=REPOSITORY,
        )
        for number in range(CLIENTS)
    ]  # fmt: skip
    stack.processes.extend(clients)
    # The worker comes when all wait, so that an answer to the wrong one would be taken by somebody.
    stack.until(lambda: stack.waiting(stack.requests) == CLIENTS * JOBS, 120)
    # Twenty-one processes on a few cores are slow: a request may be in hand for longer than six seconds.
    stack.worker("--config", str(stack.settings_file(visibility_timeout=60)))
    everyone: set[str] = set()
    for number, client in enumerate(clients):
        out, _ = client.communicate(timeout=patience(300))
        assert client.returncode == 0
        told = json.loads(out)
        assert sorted(sent for sent, _ in told["means"].values()) == [number * 1000 + n for n in range(JOBS)]
        assert all(sent == mean for sent, mean in told["means"].values())
        assert set(told["came"]) <= set(told["ids"])
        assert not everyone & set(told["ids"])
        everyone |= set(told["ids"])
    assert len(everyone) == CLIENTS * JOBS
    # Nothing is left where nobody would take it; a request goes after its answer.
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    assert stack.waiting(stack.responses) == 0


def test_a_million_numbers_go_through(run: Run, worker: Any, home: Path, stack: Any) -> None:
    numbers = np.random.default_rng(1).normal(size=1_000_000)
    np.savetxt(home / "many.txt", numbers, fmt="%.17g")
    ran = run("stats", "--file", "many.txt", "--json", "--timeout", "100")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)["result"]
    assert found["count"] == 1_000_000
    assert found["mean"] == pytest.approx(numbers.mean(), rel=1e-9)
    assert (found["min"], found["max"]) == (numbers.min(), numbers.max())
    # In parts: it is about 20 MB.
    assert len([call for call in stack.front.calls if call.startswith("PUT uploads/")]) >= 3


def test_a_tiff_of_200_megabytes_goes_through(run: Run, home: Path, stack: Any) -> None:
    stack.worker("--config", str(stack.settings_file(visibility_timeout=60)))
    size = (10_000, 6_700)
    Image.new("RGB", size, (200, 10, 10)).save(home / "large.tif")  # not compressed
    assert (home / "large.tif").stat().st_size > 200_000_000
    ran = run("threshold", "large.tif", "-o", "two.tif", "--timeout", "110")
    assert ran.returncode == 0, ran.stderr
    with Image.open(home / "two.tif") as image:
        assert image.size == size
        assert image.getpixel((9_999, 6_699)) == (254, 0, 0)
    assert any(call.startswith("POST uploads/") for call in stack.front.calls)


def test_a_large_output_is_fetched_in_parts_and_is_whole(
    run: Run, worker: Any, home: Path, stack: Any
) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (4200, 4200)).astype(np.uint8)
    Image.fromarray(pixels).save(home / "noise.bmp")  # 17.6 MB; grey stays as it is
    ran = run("greyscale", "noise.bmp", "-o", "same.bmp", "--timeout", "60", "--json")
    assert ran.returncode == 0, ran.stderr
    key = json.loads(ran.stdout)["output"]["key"]
    assert stack.front.calls.count(f"GET {key}") == 3
    with Image.open(home / "same.bmp") as image:
        assert np.array_equal(np.asarray(image.convert("L")), pixels)
    # If another job's output takes its place in the meantime, neither is put together from both.
    stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=b"x" * 18_000_000)
    again = run("result", json.loads(ran.stdout)["id"], "-o", "again.bmp")
    assert again.returncode == Exit.OUTPUT
    assert not (home / "again.bmp").exists()
    assert not list(home.glob(".jobfleet-*"))
