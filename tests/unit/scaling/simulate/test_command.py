import json
import subprocess
import sys
from pathlib import Path

import pytest
from jobfleet_scaling.simulate.__main__ import main

from tests.places import REPOSITORY


def test_it_prints_a_table_for_each_workload(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--workloads", "bursts", "steady", "--jobs", "600", "--seeds", "2", "--processes", "1"]
    assert main([*arguments, "--policies", "shipped", "need"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("bursts: six bursts from nothing, each within ten seconds; 600 jobs, 0 to 3 hosts")
    assert "\n\nsteady: a Poisson process that never changes; " in text
    assert text.count("\nshipped ") == text.count("\nneed ") == 2


def test_jobs_of_a_file_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("".join(f"{number / 10},2\n" for number in range(500)))
    assert (
        main(["--arrivals", str(file), "--policies", "shipped", "--seeds", "1", "--json", "--max", "3"]) == 0
    )
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["workload"], found["policy"], found["jobs"], found["left"]) == (
        "mine.csv",
        "shipped",
        500,
        0,
    )
    assert found["peak"] <= 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--arrivals", "/nowhere/jobs.csv"], "/nowhere/jobs.csv"),
        (["--min", "4", "--max", "3"], "--min 4 is more than --max 3"),
        (["--boot", "90", "60"], "--boot 90 60: the first must not be the larger one"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--processes", "1"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert words in said.err


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [("--seeds", "0", "0 is not 1 or more"), ("--refused", "1", "1 is not from 0 to below 1"),
     ("--price", "-1", "-1 is not more than 0"), ("--min", "-1", "-1 is not 0 or more"),
     ("--policies", "magic", "invalid choice: 'magic'")],
)  # fmt: skip
def test_a_bad_option_is_named(
    option: str, value: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([f"{option}={value}"] if option != "--policies" else [option, value])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_without_matplotlib_it_says_what_a_plot_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["--plot", str(tmp_path / "x.png")]) == 1
    assert "--plot needs matplotlib, which is not installed" in capsys.readouterr().err


def test_the_table_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; sys.path[:0] = ['scaling', 'jobs']\n"
        "from jobfleet_scaling.simulate.__main__ import main\n"
        "main(['--workloads', 'bursts', '--jobs', '60', '--seeds', '1', '--policies', 'shipped'])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "shipped" in done.stdout
