"""Files and folders on a host are made, mended and told of."""

import base64
import grp
import importlib.util
import os
import pwd
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.places import REPOSITORY
from tests.unit.plugins.actions import action, run

MODULES = REPOSITORY / "plugins/modules"
ANYTHING: dict[str, Any] = {"state": "file", "owner": None, "group": None, "mode": None}
ME = pwd.getpwuid(os.getuid()).pw_name
MY_GROUP = grp.getgrgid(os.getgid()).gr_name


@pytest.fixture(scope="module")
def host() -> Iterator[Any]:
    """The program that goes to the host, as a Python module."""
    loaded = {}
    for name in ("host_look", "host_files"):
        spec = importlib.util.spec_from_file_location(name, MODULES / f"{name}.py")
        assert spec
        assert spec.loader
        loaded[name] = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded[name])
    yield loaded["host_files"]
    for name in loaded:
        del sys.modules[name]


def wanted(path: Path, content: str | bytes | None = None, **more: Any) -> dict[str, Any]:
    """What the program is told of one path."""
    data = content.encode() if isinstance(content, str) else content
    told = {} if data is None else {"data": base64.b64encode(data).decode()}
    return {**ANYTHING, "path": str(path), **told, **more}


def ensure(host: Any, *paths: dict[str, Any], check: bool = False) -> dict[str, Any]:
    answer: dict[str, Any] = host.ensure({"paths": [dict(path) for path in paths], "check": check})
    return answer


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_is_made_told_of_and_left_alone_from_then_on(host: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    shall = wanted(path, "one\n", owner=ME, group=MY_GROUP, mode="0640")

    told = ensure(host, shall, check=True)
    assert not path.exists()
    done = ensure(host, shall)

    assert told == done
    assert done["changed"]
    assert done["diff"] == [
        {
            "before": {"path": str(path), "state": "absent"},
            "after": {"path": str(path), "state": "file", "owner": ME, "group": MY_GROUP, "mode": "0640"},
        },
        {"before_header": str(path), "after_header": str(path), "before": "", "after": "one\n"},
    ]
    assert (path.read_text(), path.stat().st_mode & 0o7777) == ("one\n", 0o640)
    assert names_in(tmp_path) == ["file"]
    assert ensure(host, shall) == {"changed": False, "diff": []}


def test_of_a_file_only_what_differs_is_told(host: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one\n")
    path.chmod(0o600)

    [content] = ensure(host, wanted(path, "two\n", mode="0600"))["diff"]
    assert (content["before"], content["after"]) == ("one\n", "two\n")
    assert ensure(host, wanted(path, "two\n", mode="600", owner=ME))["diff"] == []
    [rest] = ensure(host, wanted(path, "two\n", mode="0644"))["diff"]
    assert (rest["before"]["mode"], rest["after"]["mode"]) == ("0600", "0644")
    assert {**rest["before"], "mode": "0644"} == rest["after"]


def test_what_is_not_wanted_stays_as_it_is(host: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one\n")
    path.chmod(0o604)

    ensure(host, wanted(path, "two\n"))
    assert path.stat().st_mode & 0o7777 == 0o604
    ensure(host, wanted(path, mode="0600"))
    assert (path.read_text(), path.stat().st_mode & 0o7777) == ("two\n", 0o600)


def test_a_file_is_there_with_its_mode_from_the_first_moment(
    host: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    replace = Path.replace

    def seen(source: Path, target: Path) -> Path:
        modes.append(source.stat().st_mode & 0o7777)
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", seen)
    ensure(host, wanted(tmp_path / "secret", "secret", mode="0400"))
    assert modes == [0o400]


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_beside_it(
    host: Any, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_text("one\n")

    with pytest.raises(host.NotMade, match=f"{path} cannot be made: there is no owner no-such-user"):
        ensure(host, wanted(path, "two\n", owner="no-such-user"))
    assert (path.read_text(), names_in(tmp_path)) == ("one\n", ["file"])
    with pytest.raises(host.NotMade, match="there is no group no-such-group"):
        ensure(host, wanted(tmp_path, state="directory", group="no-such-group"))


@pytest.mark.parametrize(
    ("name", "more", "why"),
    [
        ("folder", {"content": "x"}, "it is a folder"),
        ("missing/file", {"content": "x"}, "No such file or directory"),
        ("missing", {}, "nothing says what shall be in it"),
        ("file", {"state": "directory"}, "File exists"),
        ("file/below", {"state": "directory"}, "Not a directory"),
    ],
)
def test_what_cannot_be_made_is_named(
    host: Any, tmp_path: Path, name: str, more: dict[str, Any], why: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")

    with pytest.raises(host.NotMade, match=f"{tmp_path / name} cannot be made: {why}"):
        ensure(host, wanted(tmp_path / name, **more))


def test_a_link_is_replaced_by_the_file_and_what_it_leads_to_stays(host: Any, tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("same")
    link.symlink_to(target)

    [told, content] = ensure(host, wanted(link, "same"))["diff"]
    assert (told["before"]["state"], told["after"]["state"]) == ("link", "file")
    assert content["after"] == "same"
    assert not link.is_symlink()
    assert target.read_text() == "same"


def test_folders_are_made_with_those_above_and_a_link_to_one_is_one(host: Any, tmp_path: Path) -> None:
    deep, link = tmp_path / "a/b", tmp_path / "link"
    link.symlink_to(tmp_path / "a")

    ensure(host, wanted(deep, state="directory", mode="0750"))
    assert deep.stat().st_mode & 0o7777 == 0o750
    [told] = ensure(host, wanted(link, state="directory", mode="0700"))["diff"]
    assert (told["before"]["state"], told["after"]["mode"]) == ("directory", "0700")
    assert link.is_symlink()


def test_files_links_and_full_folders_go(host: Any, tmp_path: Path) -> None:
    full, link, file = tmp_path / "full", tmp_path / "link", tmp_path / "file"
    full.mkdir()
    (full / "in-it").write_text("")
    file.write_text("")
    link.symlink_to(full)
    gone = [wanted(path, state="absent") for path in (link, full, file)]

    done = ensure(host, *gone)
    assert [one["before"]["state"] for one in done["diff"]] == ["link", "directory", "file"]
    assert names_in(tmp_path) == []
    assert not ensure(host, *gone)["changed"]


def test_what_is_no_text_or_long_is_told_by_its_digest(host: Any, tmp_path: Path) -> None:
    for data in (b"\xff\xfe", b"x" * 100_001):
        [_, content] = ensure(host, wanted(tmp_path / "file", data), check=True)["diff"]
        assert content["after"].startswith(f"{len(data)} bytes, SHA-256 ")


def test_the_action_sends_only_what_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    plugin = action("host_files")

    def ask(_: Any, wanted: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        sent.append(wanted)
        return {"changed": True}

    monkeypatch.setattr(plugin, "ask", ask)
    paths = [{"path": f"/{name}", "content": name} for name in ("one", "two")]

    assert run(plugin, {"paths": paths, "only": []}, name="host_files")["changed"] is False
    assert sent == []
    assert run(plugin, {"paths": paths, "only": ["/two"]}, name="host_files")["changed"]
    assert run(plugin, {"paths": paths}, name="host_files", check_mode=True)["changed"]
    assert [[path["path"] for path in one["paths"]] for one in sent] == [["/two"], ["/one", "/two"]]
    assert [one["check"] for one in sent] == [False, True]
    assert base64.b64decode(sent[0]["paths"][0]["data"]) == b"two"
    assert "content" not in sent[0]["paths"][0]
