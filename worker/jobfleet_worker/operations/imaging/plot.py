"""The plot of a histogram."""

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageDraw, ImageFont

# All lengths are pixels. A bin is as many wide.
_BIN = 3
_LEFT, _RIGHT, _TOP, _BOTTOM = 20, 20, 44, 36
_PANEL, _GAP = 150, 34

_GROUND, _WORDS, _RULE, _FAINT = "#ffffff", "#333333", "#999999", "#e4e4e4"
_COLOURS = {"red": "#d23c3c", "green": "#3a9a45", "blue": "#3a66cc", "alpha": "#9a7bb0"}
_SHADE = "#555555"

# A few values, such as the white of a page, often occur so much more than all others that those could
# not be seen beside them. Bars more than so many times as high as all but a few others are cut off.
_TOWERS = 5
_TOWERING = 3

_TICKS = (0, 64, 128, 192, 255)


def plot(facts: Mapping[str, Any]) -> bytes:
    """Return a PNG of what `histogram` found: the luma, and each channel that is not just that."""
    channels = facts["channels"]
    panels = [("luma", facts["luma"]), *((name, each) for name, each in channels.items() if name != "grey")]
    size = (
        _LEFT + 256 * _BIN + _RIGHT,
        _TOP + len(panels) * _PANEL + (len(panels) - 1) * _GAP + _BOTTOM,
    )
    image = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(image)
    frames = f", {facts['frames']:,} frames" if facts["frames"] > 1 else ""
    _write(draw, (_LEFT, 10), f"{facts['width']:,} x {facts['height']:,}{frames}", 15)
    for number, (name, found) in enumerate(panels):
        top = _TOP + number * (_PANEL + _GAP)
        _panel(draw, top, name, found, facts["values"])
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _panel(draw: ImageDraw.ImageDraw, top: int, name: str, found: Mapping[str, Any], values: int) -> None:
    counts, bottom, right = found["counts"], top + _PANEL, _LEFT + 256 * _BIN
    bars = top + 24
    highest, towers = _scale(counts)
    for tick in _TICKS:
        x = _middle(tick)
        draw.line([(x, bars), (x, bottom)], fill=_FAINT)
        shown = values - 1 if tick == 255 else tick * values // 256
        _write(draw, (x, bottom + 4), f"{shown:,}", 11, anchor="ma")
    for value, count in enumerate(counts):
        height = min(bottom - bars, round((bottom - bars) * count / highest)) if highest else 0
        if count:
            # What occurs at all is seen.
            height = max(1, height)
            left = _LEFT + value * _BIN
            draw.rectangle(
                [(left, bottom - height), (left + _BIN - 1, bottom - 1)], fill=_COLOURS.get(name, _SHADE)
            )
    for value in towers:
        _cut(draw, _middle(value), bars)
    draw.line([(_LEFT, bottom), (right, bottom)], fill=_RULE)
    _write(draw, (_LEFT, top + 4), _said(name, found), 13)
    cut = f", {len(towers)} cut off" if towers else ""
    _write(draw, (right, top + 4), f"bars up to {highest:,} pixels{cut}", 11, anchor="ra")


def _middle(value: int) -> int:
    return _LEFT + value * _BIN + _BIN // 2


def _cut(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """Mark the top of a bar that goes on above."""
    draw.polygon([(x - 4, y), (x + 4, y), (x, y - 6)], fill=_WORDS)


def _said(name: str, found: Mapping[str, Any]) -> str:
    if found["mean"] is None:
        return f"{name}: nothing that can be seen"
    return f"{name}: {found['min']:,} to {found['max']:,}, mean {found['mean']:,.1f}"


def _scale(counts: list[int]) -> tuple[int, list[int]]:
    """Return the count that is as high as the plot, and the values whose bars are higher and cut off."""
    ordered = sorted(counts, reverse=True)
    most = ordered[_TOWERS] * _TOWERING
    if not most or ordered[0] <= most:
        return ordered[0], []
    highest = max(count for count in ordered if count <= most)
    return highest, [value for value, count in enumerate(counts) if count > most]


def _write(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], words: str, size: int, anchor: str = "la"
) -> None:
    draw.text(place, words, fill=_WORDS, font=ImageFont.load_default(size), anchor=anchor)
