"""Image jobs in a bare loop on all cores: decode, operation, encode, and nothing else.

`pillow` and `turbo` work on bytes in memory; `bucket` is `pillow` with the input fetched from the
double and the output put there by boto3, as any worker has to. Says "ready" when the pool is
warm, starts when a line comes in, and then prints one line of JSON.

    python -m benchmarks.peers.bare_images pillow threshold 40 input.jpg
"""

import io
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.peers.task import BUCKET, client

# jobfleet's own for JPEG, held equal by comparing the sizes of what comes out.
QUALITY, SUBSAMPLING = 95, 0
LEVEL, LOW, HIGH = 125, 0, 254
INPUT_KEY = "uploads/bench/input.jpg"

Work = Callable[[bytes], bytes]


def pillow_greyscale(data: bytes) -> bytes:
    """Decode to luma alone and encode that."""
    image = Image.open(io.BytesIO(data))
    image.draft("L", image.size)
    return _saved(image)


def pillow_threshold(data: bytes) -> bytes:
    """Make every channel two-valued by a look-up table."""
    image = Image.open(io.BytesIO(data))
    table = [LOW if value <= LEVEL else HIGH for value in range(256)]
    return _saved(image.point(table * 3))


def turbo_greyscale(data: bytes) -> bytes:
    """Do what `pillow_greyscale` does, by libjpeg-turbo without Pillow."""
    import simplejpeg  # only where it is measured

    grey = simplejpeg.decode_jpeg(data, colorspace="GRAY")
    encoded: bytes = simplejpeg.encode_jpeg(grey, quality=QUALITY, colorspace="GRAY")
    return encoded


def _saved(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, subsampling=SUBSAMPLING)
    return out.getvalue()


WORKS: dict[tuple[str, str], Work] = {
    ("pillow", "greyscale"): pillow_greyscale,
    ("pillow", "threshold"): pillow_threshold,
    ("bucket", "greyscale"): pillow_greyscale,
    ("bucket", "threshold"): pillow_threshold,
    ("turbo", "greyscale"): turbo_greyscale,
}
_given: dict[str, Any] = {}


def _begin(kind: str, operation: str, data: bytes) -> None:
    _given.update(kind=kind, work=WORKS[kind, operation], data=data)


@cache
def _s3() -> Any:
    return client("s3")


def _do(number: int) -> tuple[int, float]:
    """Do one image; return the output's size and the CPU seconds it took."""
    before = time.process_time()
    if _given["kind"] == "bucket":
        data = _s3().get_object(Bucket=BUCKET, Key=INPUT_KEY)["Body"].read()
        output = _given["work"](data)
        _s3().put_object(Bucket=BUCKET, Key=f"outputs/{number}.jpg", Body=output, ContentType="image/jpeg")
    else:
        output = _given["work"](_given["data"])
    return len(output), time.process_time() - before


def main() -> None:
    """Warm up, wait for a line, do the images, tell."""
    kind, operation, count, path = sys.argv[1:]
    cores = len(os.sched_getaffinity(0))
    context = multiprocessing.get_context("fork")
    with context.Pool(cores, _begin, (kind, operation, Path(path).read_bytes())) as pool:
        pool.map(_do, range(cores * 2), chunksize=1)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        start = time.monotonic()
        done = list(pool.imap_unordered(_do, range(int(count)), chunksize=1))
        seconds = time.monotonic() - start
    sizes = sorted({size for size, _ in done})
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu": sum(cpu for _, cpu in done), "sizes": sizes}))


if __name__ == "__main__":
    main()
