"""Samples as CSV, plots, the image that is sent, and what is said if packages are missing."""

import csv
import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jobfleet.bench.csv_file import COLUMNS, write_csv
from jobfleet.bench.engine.samples import OK, Reply
from jobfleet.bench.needs import require_packages
from jobfleet.bench.plots import draw
from jobfleet.bench.report import make_report
from jobfleet.bench.run import PhaseRun
from jobfleet.bench.sample_image import HEIGHT, WIDTH, make_png
from jobfleet.bench.scenario.scenario import Phase
from jobfleet.errors import NotInstalled
from PIL import Image


def measured(target: str, *, rate: float | None = None) -> PhaseRun:
    run = PhaseRun(Phase("x", requests=3, clients=1, rate=rate), target, 1, datetime.now(UTC), begun=10.0)
    for number in range(300):
        at = 10.0 + number / 10
        run.samples.add(at, at + 0.001, at + 0.02, Reply(OK, 5, f"i-{number % 3}"))
    run.samples.add(40.0, 40.0, 41.0, Reply("timed out"))
    run.ended = 41.0
    return run


def test_the_csv_has_a_line_for_each_request(tmp_path: Path) -> None:
    write_csv(tmp_path / "s.csv", [measured("http://x/a")])
    with (tmp_path / "s.csv").open(newline="") as file:
        header, first, *_, last = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert first == ["x", "http://x/a", "1", "0.000000", "0.001000", "0.020000", "ok", "5", "i-0"]
    assert last == ["x", "http://x/a", "1", "30.000000", "30.000000", "31.000000", "timed out", "0", ""]


def test_no_spreadsheet_computes_what_a_server_called_itself(tmp_path: Path) -> None:
    run = PhaseRun(Phase("x", requests=1), "http://x", 1, datetime.now(UTC))
    run.samples.add(0, 0, 1, Reply(OK, 1, "=1+1"))
    write_csv(tmp_path / "s.csv", [run])
    assert (tmp_path / "s.csv").read_text().endswith(",'=1+1\n")


@pytest.mark.parametrize("rate", [None, 10.0])
def test_plots_are_pictures_and_have_every_name(tmp_path: Path, rate: float | None) -> None:
    runs = [measured("http://x/$a", rate=rate), measured("http://x/b", rate=rate)]
    written = draw(tmp_path, runs, make_report(runs, interrupted=False, seed=1).figures)
    assert sorted(path.name for path in written) == [
        "latency.png", "latency.svg", "share.png", "share.svg", "throughput.png", "throughput.svg",
    ]  # fmt: skip
    for path in written:
        if path.suffix == ".png":
            with Image.open(path) as picture:
                assert picture.size == (960, 540)
            continue
        texts = "".join(ElementTree.parse(path).getroot().itertext())  # noqa: S314 - our own
        assert "http://x/$a" in texts
        assert "http://x/b" in texts
        assert ("i-2" in texts) is (path.name == "share.svg")


def test_plots_of_nothing_are_drawn_too(tmp_path: Path) -> None:
    run = PhaseRun(Phase("x", requests=1, clients=1), "http://x", 1, datetime.now(UTC))
    assert len(draw(tmp_path, [run], make_report([run], interrupted=True, seed=1).figures)) == 6


def test_the_image_is_a_png_that_others_read() -> None:
    with Image.open(io.BytesIO(make_png())) as image:
        image.load()
        assert (image.format, image.size, image.mode) == ("PNG", (WIDTH, HEIGHT), "RGB")
        assert image.getpixel((3, 5)) == (3, 5, 15)


def test_missing_packages_are_named_with_the_commands_that_install_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_packages()
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NotInstalled) as found:
        require_packages()
    assert "needs aiohttp, matplotlib, not installed" in str(found.value)
    assert "`pip install aiohttp matplotlib`" in str(found.value)
    assert "`pipx inject jobfleet aiohttp matplotlib`" in str(found.value)
