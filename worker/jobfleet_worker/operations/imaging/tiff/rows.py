"""Rows of samples turned by Pillow's own C code, where a loop in Python takes half a second a megapixel."""

from typing import Any

from PIL import Image, ImageChops, ImageMath


def summed_rows(data: bytes, length: int, step: int, *, bits: int, order: str) -> bytes:
    """Return rows of `length` samples, each with all those added that lie any number of steps before it.

    Samples have 8 or 16 `bits` and stay within them; `order` is struct's sign for theirs.
    """
    raw = {8: "L", 16: "I;16" if order == "<" else "I;16B"}[bits]
    size = (length, len(data) // (length * bits // 8))
    rows = Image.frombytes("L" if bits == 8 else "I", size, data, "raw", raw)
    # After each turn a sample has twice as many added: those of one, two, four ... steps.
    while step < length:
        moved = Image.new(rows.mode, size)
        moved.paste(rows.crop((0, 0, length - step, size[1])), (step, 0))
        rows = ImageChops.add_modulo(rows, moved) if bits == 8 else _added(rows, moved)
        step *= 2
    return rows.tobytes() if bits == 8 else rows.convert("I;16").tobytes("raw", raw)


def _added(one: Image.Image, other: Image.Image) -> Image.Image:
    def added(given: dict[str, Any]) -> Any:
        return (given["one"] + given["other"]) & 0xFFFF

    image: Image.Image = ImageMath.lambda_eval(added, one=one, other=other)
    return image


def unpacked_twelve(data: bytes, length: int) -> bytes:
    """Return rows of `length` samples of 12 bits, each row begun with a byte, as the machine's own of 16."""
    size = (length, len(data) // -(-length * 12 // 8))
    return Image.frombytes("I;16", size, data, "raw", "I;12").tobytes("raw", "I;16N")
