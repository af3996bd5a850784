"""The plot of `jobfleet scaling`: what is in it, wherever it is drawn."""

from datetime import UTC, datetime, timedelta

import pytest
from jobfleet.cli.terminal.scaling_plot import ASCII, BLOCKS, WANTED, ZERO, can_draw, columns, plot
from jobfleet.stack.scaling.history import HistoryPart

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def drawn(*parts: tuple[int | None, int | None, int | None], blocks: bool = True) -> list[str]:
    made = [HistoryPart(NOON + timedelta(minutes=n), *numbers) for n, numbers in enumerate(parts)]
    return plot(made, blocks=blocks, time=lambda at: f"{at:%H:%M}")


def test_each_part_of_the_time_has_its_columns() -> None:
    lines = drawn(*[(None, None, None)] * 5, *[(0, 0, 0)] * 5, *[(8, 4, 2)] * 5, *[(4, 2, 2)] * 5)
    assert lines == [
        "jobs waiting and in work",
        "     8           █████",
        "                 █████",
        "                 █████▄▄▄▄▄",
        "                 ██████████",
        "     0      ·····██████████",
        "hosts: █ running, ─ wanted; · none",
        "     4           ─────",
        "",
        "                 ██████████",
        "     0      ·····██████████",
        "       12:00            now",
    ]


def test_where_nothing_is_known_there_is_an_empty_picture() -> None:
    lines = drawn(*[(None, None, None)] * 20)
    assert not any(mark in "".join(lines[1:6] + lines[7:]) for mark in (*BLOCKS[1:], WANTED, ZERO))


def test_without_unicode_it_is_ascii() -> None:
    lines = drawn(*[(0, 0, 0)] * 10, *[(8, 4, 2)] * 10, blocks=False)
    assert "\n".join(lines).isascii()
    assert any(ASCII[-1] * 10 in line for line in lines)


@pytest.mark.parametrize(
    ("encoding", "can"), [("utf-8", True), ("ascii", False), ("latin-1", False), (None, False)]
)
def test_what_an_output_can_show_is_known_by_its_encoding(encoding: str | None, can: bool) -> None:
    assert can_draw(encoding) == can


@pytest.mark.parametrize("width", [1, 30, 80, 500])
def test_no_line_is_longer_than_the_terminal_is_wide(width: int) -> None:
    count = columns(width)
    lines = drawn(*[(100_000, 30, 20)] * count)
    assert max(map(len, lines)) <= max(width, 40)
