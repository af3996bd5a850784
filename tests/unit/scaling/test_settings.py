"""Settings that cannot work are refused with the value and the way out."""

from pathlib import Path
from typing import Any

import pytest
from jobfleet_scaling.__main__ import Exit, main
from jobfleet_scaling.settings import BadSettings, from_file, from_mapping

GOOD = {"stack": "st", "region": "us-east-1", "bucket": "b", "request_queue": "st-requests"}


def test_what_is_needed_is_enough() -> None:
    assert from_mapping(GOOD).worker is True


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"region": ""}, "region = '' cannot work: give a name"),
        ({"instance_id": "a/b"}, "instance_id = 'a/b' cannot work: give 1 to 80 letters"),
        ({"endpoint_url": "aws"}, "endpoint_url = 'aws' cannot work: give a URL"),
        ({"worker": "yes"}, "worker = 'yes' cannot work: give true or false"),
        ({"wroker": True}, "'wroker' is unknown; there are bucket"),
    ],
)
def test_what_cannot_work_says_so(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSettings, match=words):
        from_mapping({**GOOD, **change})


@pytest.mark.parametrize("lacking", sorted(GOOD))
def test_what_is_missing_is_named(lacking: str) -> None:
    with pytest.raises(BadSettings, match=f"'{lacking}' is missing"):
        from_mapping({name: value for name, value in GOOD.items() if name != lacking})


@pytest.mark.parametrize("text", [None, "stack", 'stack = "st"', 'stack = "-"'])
def test_the_program_ends_with_78_and_names_the_file(
    text: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scaler.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadSettings, match=str(path)):
        from_file(path)
    assert main(["--config", str(path)]) == Exit.CONFIG == 78
    assert str(path) in capsys.readouterr().err
