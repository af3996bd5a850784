"""Image jobs: jobfleet's worker, and the same work with no worker around it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Request, Stored
from PIL import Image, ImageOps

from benchmarks.double.control import Steering, Stuck, environment
from benchmarks.double.processes import cpu_seconds
from benchmarks.peers.bare_images import HIGH, INPUT_KEY, LEVEL, LOW, WORKS
from benchmarks.peers.task import BUCKET, RESPONSES
from benchmarks.telling.places import ROOT
from benchmarks.worker.contestants import CORES, JOBFLEET, SUBMITTED_AT, Contestant, started

PHOTO = ROOT / "examples" / "photo.jpg"

# Megapixels by width and height, and how many images make a run of a few seconds.
SIZES = {12.0: (4000, 3000), 2.0: (1632, 1224), 0.3: (640, 480)}
IMAGES = {12.0: 48, 2.0: 160, 0.3: 600}
OPERATIONS = ("greyscale", "threshold")
PARAMETERS = {"threshold": {"level": LEVEL, "low": LOW, "high": HIGH}, "greyscale": {}}

# What a camera writes, nearly enough: baseline, colours at half resolution.
INPUT_QUALITY = 90
QUICK_DIVISOR = 10
RUN_SECONDS_MAX = 300.0

NAMES = {
    "pillow": "bare loop (Pillow)",
    "bucket": "bare loop with the bucket",
    "turbo": "bare libjpeg-turbo",
}


@dataclass(frozen=True)
class ImageRun:
    """One contestant's run over one kind of image. `cpu_ms` is per image."""

    contestant: str
    megapixels: float
    operation: str
    round: int
    images: int
    seconds: float
    images_per_second: float
    cpu_ms: float
    output_bytes: list[int]
    calls: float | None = None
    double_share: float | None = None


def measure(
    jobfleet: Contestant, steering: Steering, folder: Path, *, rounds: int, quick: bool
) -> Iterator[dict[str, Any] | tuple[str, str]]:
    """Yield every run, round by round; or a contestant's name and why it did not run."""
    inputs = {megapixels: make_input(megapixels, folder) for megapixels in SIZES}
    out: set[str] = set()
    for number in range(rounds):
        for megapixels, path in inputs.items():
            count = max(2 * CORES, IMAGES[megapixels] // (QUICK_DIVISOR if quick else 1))
            for operation in OPERATIONS:
                for name, run in _turns(jobfleet, operation, steering, folder):
                    if name in out:
                        continue
                    try:
                        yield asdict(run(megapixels, path, count, number))
                    except (Stuck, OSError, RuntimeError) as problem:
                        out.add(name)
                        yield name, str(problem)


def _turns(jobfleet: Contestant, operation: str, steering: Steering, folder: Path) -> list[tuple[str, Any]]:
    def by_worker(megapixels: float, path: Path, count: int, number: int) -> ImageRun:
        return _worker_run(jobfleet, steering, folder, path, (megapixels, operation, number, count))

    def bare(kind: str) -> Any:
        def run(megapixels: float, path: Path, count: int, number: int) -> ImageRun:
            return _bare_run(kind, steering, folder, path, (megapixels, operation, number, count))

        return run

    kinds = [kind for kind in NAMES if (kind, operation) in WORKS]
    return [(jobfleet.name, by_worker), *((NAMES[kind], bare(kind)) for kind in kinds)]


def make_input(megapixels: float, folder: Path) -> Path:
    """Make an image of a size from the example photo, tiled so that detail per pixel stays the same."""
    width, height = SIZES[megapixels]
    with Image.open(PHOTO) as photo:
        tile = photo.convert("RGB")
    image = Image.new("RGB", (width, height))
    for row in range(-(-height // tile.height)):
        for column in range(-(-width // tile.width)):
            turned = ImageOps.mirror(tile) if column % 2 else tile
            turned = ImageOps.flip(turned) if row % 2 else turned
            image.paste(turned, (column * tile.width, row * tile.height))
    path = folder / f"{megapixels}.jpg"
    image.save(path, "JPEG", quality=INPUT_QUALITY, subsampling=2)
    return path


def image_requests(operation: str, count: int) -> list[str]:
    """Return the bodies of requests for that many images."""
    return [
        Request(
            one, operation, Stored(BUCKET, INPUT_KEY), SUBMITTED_AT,
            parameters=PARAMETERS[operation], output=f"outputs/{one}/image.jpg", reply_to=RESPONSES,
        ).to_json()
        for one in [new_job_id() for _ in range(count)]
    ]  # fmt: skip


Kind = tuple[float, str, int, int]


def _worker_run(jobfleet: Contestant, steering: Steering, folder: Path, path: Path, kind: Kind) -> ImageRun:
    megapixels, operation, number, count = kind
    warm_up = 4 * CORES
    steering.reset()
    steering.put(INPUT_KEY, path.read_bytes())
    with started(jobfleet, steering, folder) as process:
        steering.load(image_requests(operation, warm_up))
        steering.wait(warm_up, RUN_SECONDS_MAX, process)
        time.sleep(1)
        before, double_before = cpu_seconds(process), steering.state()["cpu"]
        start = steering.load(image_requests(operation, count))
        state = steering.wait(count, RUN_SECONDS_MAX, process)
        cpu = cpu_seconds(process) - before
    seconds = state["deleted_at"] - start
    sizes = sorted({size for _, size, _ in steering.objects("outputs/")})
    return ImageRun(
        JOBFLEET, megapixels, operation, number, count, seconds, count / seconds, 1000 * cpu / count, sizes,
        sum(state["calls"].values()) / count, (state["cpu"] - double_before) / seconds,
    )  # fmt: skip


def _bare_run(kind: str, steering: Steering, folder: Path, path: Path, what: Kind) -> ImageRun:
    megapixels, operation, number, count = what
    steering.reset()
    steering.put(INPUT_KEY, path.read_bytes())
    command = [sys.executable, "-m", "benchmarks.peers.bare_images", kind, operation, str(count), str(path)]
    answer = _told(command, environment(steering.endpoint, folder))
    return ImageRun(
        NAMES[kind], megapixels, operation, number, count, answer["seconds"], count / answer["seconds"],
        1000 * answer["cpu"] / count, answer["sizes"],
    )  # fmt: skip


def _told(command: Sequence[str], env: Any) -> dict[str, Any]:
    """Start a bare loop when it is warm; return what it prints."""
    with subprocess.Popen(  # noqa: S603 - the benchmark's own commands
        command, env=env, cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as child:  # fmt: skip
        if child.stdout is None or child.stdout.readline() != "ready\n":
            _, words = child.communicate()
            raise RuntimeError(words.strip().rpartition("\n")[2] or "it said nothing")
        told, words = child.communicate("go\n", timeout=RUN_SECONDS_MAX)
    if child.returncode:
        raise RuntimeError(words.strip().rpartition("\n")[2])
    answer: dict[str, Any] = json.loads(told)
    return answer
