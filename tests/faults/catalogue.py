"""The jobs that the fault tests send: always the same ids, requests and bytes."""

# ruff: noqa: S311 - seeded chance, so that a run can be had again; no secrets
import io
import json
import random
import struct
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

# Formats with the modes they can hold.
_FORMATS = (
    ("JPEG", "jpg", ("RGB", "L")),
    ("PNG", "png", ("RGB", "RGBA", "L", "P")),
    ("GIF", "gif", ("P", "L")),
    ("WEBP", "webp", ("RGB", "RGBA")),
    ("TIFF", "tif", ("RGB", "L")),
    ("BMP", "bmp", ("RGB",)),
)
# 2026-01-01 in Unix time.
_FIRST_ID_MILLISECONDS = 1_767_225_600_000

_ON_IMAGES = ("greyscale", "threshold", "blackwhite")


@dataclass(frozen=True)
class Job:
    """One job; `source` is text for the request itself or bytes for the bucket."""

    id: str
    operation: str
    source: str | bytes
    output: str | None = None
    parameters: dict[str, int] = field(default_factory=dict)

    def body(self, bucket: str, reply_to: str | None) -> str:
        """Return the request's message body."""
        given = (
            {"inline": self.source} if isinstance(self.source, str) else {"bucket": bucket, "key": self.key}
        )
        body: dict[str, Any] = {
            "version": 1,
            "id": self.id,
            "operation": self.operation,
            "parameters": self.parameters,
            "input": given,
            "submitted_at": "2026-01-01T00:00:00.000Z",
        }
        if self.output:
            body["output"] = {"key": f"outputs/{self.output}"}
        if reply_to:
            body["reply_to"] = reply_to
        return json.dumps(body)

    @property
    def key(self) -> str:
        """Where its input lies."""
        return f"uploads/{self.id}/input"


def good_jobs(count: int, seed: int = 3) -> list[Job]:
    """Return jobs of all kinds in turn, each of which succeeds."""
    chance = random.Random(seed)
    return [_stats(chance, n) if n % 2 else _image(chance, n) for n in range(count)]


def stats_jobs(count: int, seed: int = 4) -> list[Job]:
    """Return statistics only."""
    chance = random.Random(seed)
    return [_stats(chance, n) for n in range(count)]


def hostile_jobs(what: str, count: int, seed: int = 5) -> list[Job]:
    """Return jobs whose image does `what` to the process that decodes it; see `hostile/`."""
    chance = random.Random(f"{what} {seed}")
    picture = _picture(chance, "RGB")
    # The worker opens a JPEG once more where it ends in grey, as pixels do that are missing.
    picture.paste((255, 255, 255), (picture.width - 16, picture.height - 16, picture.width, picture.height))
    # The worker hands JPEG's comments on to the image library, and PNG's not.
    data = _encoded(picture, "JPEG", comment=f"jobfleet-fault: {what}".encode())
    return [
        Job(_id(chance, n), "greyscale", data, f"hostile-{what.replace(' ', '-')}-{seed}-{n}.png")
        for n in range(count)
    ]


def bad_jobs(seed: int = 6) -> list[Job]:
    """Return jobs that can never succeed: each is answered as failed at once and not tried again."""
    chance = random.Random(seed)
    photo = _encoded(_picture(chance, "RGB"), "JPEG")
    inputs = [
        b"",
        photo[: len(photo) // 2],
        photo[:4],
        b"<html><body>404 Not Found</body></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
        b"P6 99999 99999 255\n" + b"\0" * 64,
        _png_bomb(60_000, 60_000),
        _gif_bomb(),
        _encoded(_picture(chance, "RGB"), "PNG")[:-40],
        chance.randbytes(5_000),
    ]
    inputs += [
        _encoded(_picture(chance, modes[0]), kind) + b"trailing garbage" * 9
        for kind, _, modes in _FORMATS
        if kind != "TIFF"  # whose parts lie anywhere in the file
    ]
    made = [Job(_id(chance, n), "threshold", data, f"bad-{n}.png") for n, data in enumerate(inputs)]
    texts = ["", "1 2 three", "nan", "1e999", "0x10 ; rm -rf /"]
    made += [Job(_id(chance, 40 + n), "stats", text) for n, text in enumerate(texts)]
    made.append(Job(_id(chance, len(made)), "no-such-operation", "1 2 3"))
    made.append(Job(_id(chance, len(made)), "greyscale", photo, "../../results/escape.png"))
    made.append(Job(_id(chance, len(made)), "threshold", photo, "bad-level.jpg", {"level": 999}))
    return made


def mixed(*kinds: Sequence[Job], seed: int = 7) -> list[Job]:
    """Return all jobs of all kinds in one shuffled line."""
    line = [job for kind in kinds for job in kind]
    random.Random(seed).shuffle(line)
    return line


def _id(chance: random.Random, number: int) -> str:
    """Return a UUIDv7; ids sort by number, as those sort by time that were made one after the other."""
    bits = (_FIRST_ID_MILLISECONDS + number) << 80 | chance.getrandbits(80)
    return str(uuid.UUID(int=bits & ~(0xF << 76) & ~(3 << 62) | 7 << 76 | 2 << 62))


def _stats(chance: random.Random, number: int) -> Job:
    numbers = " ".join(str(chance.randint(-9_999, 9_999) / 8) for _ in range(chance.randint(1, 60)))
    source: str | bytes = numbers.encode() if number % 9 == 0 else numbers
    return Job(_id(chance, number), "stats", source)


def _image(chance: random.Random, number: int) -> Job:
    kind, ending, modes = _FORMATS[number // 2 % len(_FORMATS)]
    operation = _ON_IMAGES[number // 2 // len(_FORMATS) % len(_ON_IMAGES)]
    parameters = {} if operation == "greyscale" else {"level": chance.randint(0, 255)}
    data = _encoded(_picture(chance, chance.choice(modes)), kind)
    job_id = _id(chance, number)
    # Every other output is its job's alone, and so carries its result.
    folder = f"folder {number % 3}/{job_id}" if number // 2 % 2 else f"folder {number % 3}"
    return Job(job_id, operation, data, f"{folder}/picture-{number}.{ending}", parameters)


def _picture(chance: random.Random, mode: str) -> Image.Image:
    small = Image.frombytes("RGBA", (8, 6), chance.randbytes(8 * 6 * 4))
    width, height = chance.randint(20, 200), chance.randint(20, 150)
    return small.resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def _encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _png_bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few hundred bytes that says it has gigapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _gif_bomb() -> bytes:
    """Return a small GIF of many frames of a large screen."""
    head = b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    frame = b"," + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0" + b"\2\2\x44\1\0"
    return head + frame * 300 + b";"
