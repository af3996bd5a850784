"""Packages with operations come and go: what pip is asked to do, and that nothing is done twice."""

import json
from pathlib import Path
from typing import Any

import pytest
from jobfleet_worker.offers import package_install
from jobfleet_worker.offers.package_install import PipFailed, bring_about, main, name_of, needed_by

CONSTRAINT = Path("/constraints.txt")


class Pip:
    """What pip was asked for; it does it to a set of names."""

    def __init__(self, *names: str) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.names, self.fails = set(names), False

    def __call__(self, *arguments: str) -> None:
        """Do it."""
        self.asked.append(tuple(word.rpartition("/")[2] for word in arguments))
        if self.fails:
            raise PipFailed("no")
        given = [word for word in arguments[1:] if not word.startswith("-")]
        names = {name_of(word.rpartition("/")[2]) for word in given}
        self.names = self.names - names if arguments[0] == "uninstall" else self.names | names


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Pip:
    made = Pip("jobfleet", "pillow")
    monkeypatch.setattr(package_install, "_pip", made)
    monkeypatch.setattr(package_install, "installed", lambda: made.names)
    return made


def want(folder: Path, *wanted: dict[str, Any]) -> Path:
    for each in wanted:
        if "hash" in each:
            (folder / each["hash"]).mkdir(exist_ok=True)
    (folder / "wanted.json").write_text(json.dumps(wanted))
    return folder


WORDS = {"package": "word_count-1.0-py3-none-any.whl", "hash": "aa"}
CHANGED = {"package": "word_count-1.0-py3-none-any.whl", "hash": "bb"}
COLOURS = {"package": "Colour.Math==3.0"}


def test_what_is_wanted_is_installed_once(tmp_path: Path, pip: Pip) -> None:
    want(tmp_path, WORDS, COLOURS)
    assert bring_about(tmp_path, CONSTRAINT)
    assert pip.asked == [
        ("install", "--no-deps", "--force-reinstall", WORDS["package"]),
        ("install", "constraints.txt", WORDS["package"], COLOURS["package"]),
    ]
    assert not bring_about(tmp_path, CONSTRAINT)
    assert len(pip.asked) == 2


def test_a_changed_wheel_of_the_same_version_is_installed_anew(tmp_path: Path, pip: Pip) -> None:
    bring_about(want(tmp_path, WORDS, COLOURS), CONSTRAINT)
    pip.asked.clear()
    assert bring_about(want(tmp_path, CHANGED, COLOURS), CONSTRAINT)
    assert pip.asked[0] == ("install", "--no-deps", "--force-reinstall", WORDS["package"])
    assert not (tmp_path / "aa").exists()
    assert (tmp_path / "bb").exists()


def test_what_is_wanted_no_more_goes_but_for_what_the_worker_needs(tmp_path: Path, pip: Pip) -> None:
    bring_about(want(tmp_path, WORDS, COLOURS, {"package": "Pillow"}), CONSTRAINT)
    pip.asked.clear()
    assert bring_about(want(tmp_path), CONSTRAINT)
    assert pip.asked == [("uninstall", "--yes", "colour-math", "word-count")]
    assert "pillow" in pip.names
    assert not bring_about(want(tmp_path), CONSTRAINT)


def test_what_broke_off_is_done_again(tmp_path: Path, pip: Pip, capsys: pytest.CaptureFixture[str]) -> None:
    bring_about(want(tmp_path, COLOURS), CONSTRAINT)
    pip.fails = True
    want(tmp_path, COLOURS, WORDS)
    assert main([str(tmp_path), "--constraint=/c"]) == 1
    assert capsys.readouterr().err == "no\n"
    pip.fails = False
    assert bring_about(tmp_path, CONSTRAINT)
    assert pip.asked[-1] == ("install", "constraints.txt", WORDS["package"])
    assert not bring_about(tmp_path, CONSTRAINT)


def test_what_broke_off_and_is_wanted_no_more_goes(tmp_path: Path, pip: Pip) -> None:
    pip.fails = True
    with pytest.raises(PipFailed):
        bring_about(want(tmp_path, WORDS), CONSTRAINT)
    pip.fails = False
    pip.names.add("word-count")  # so far it had come
    assert bring_about(want(tmp_path), CONSTRAINT)
    assert "word-count" not in pip.names


def test_a_change_that_broke_off_is_not_taken_for_what_was_before(tmp_path: Path, pip: Pip) -> None:
    bring_about(want(tmp_path, WORDS), CONSTRAINT)
    pip.fails = True
    with pytest.raises(PipFailed):
        bring_about(want(tmp_path, CHANGED), CONSTRAINT)
    pip.fails = False
    assert bring_about(want(tmp_path, WORDS), CONSTRAINT)
    assert pip.asked[-1][-1] == WORDS["package"]


def test_what_somebody_removed_by_hand_comes_back(tmp_path: Path, pip: Pip) -> None:
    bring_about(want(tmp_path, WORDS), CONSTRAINT)
    pip.names.discard("word-count")
    assert bring_about(tmp_path, CONSTRAINT)
    assert "word-count" in pip.names


def test_the_worker_needs_its_own_libraries() -> None:
    assert {"jobfleet", "pillow", "pebble", "boto3", "botocore"} <= needed_by("jobfleet")
    assert needed_by("there-is-no-such-package") == {"there-is-no-such-package"}


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("a_B.c-1.0-py3-none-any.whl", "a-b-c"), ("Name[extra]>=1", "name"), ("name @ https://x/y", "name"),
    ],
)  # fmt: skip
def test_names_are_compared_as_pip_does(package: str, name: str) -> None:
    assert name_of(package) == name
