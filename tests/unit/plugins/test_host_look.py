"""What on a host is seen to differ, and that what cannot be judged is named."""

import grp
import importlib.util
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.places import REPOSITORY

MODULE = REPOSITORY / "plugins/modules/host_look.py"
NOTHING: dict[str, Any] = {
    "cloud_init": False,
    "packages": [],
    "users": [],
    "paths": [],
    "results": [],
    "distributions": [],
    "site_packages": "",
    "units": [],
}
ANYTHING: dict[str, Any] = {"state": "file", "owner": None, "group": None, "mode": None, "sha256": None}


@pytest.fixture(scope="module")
def host() -> Any:
    """The Ansible module, as a Python module."""
    spec = importlib.util.spec_from_file_location("host_look", MODULE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Answers:
    """Programs of the host that answer what they are told to, and the commands that were run."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.code, self.stdout, self.stderr = 0, "", ""

    def __call__(self, *command: str) -> subprocess.CompletedProcess[str]:
        self.asked.append(command)
        return subprocess.CompletedProcess(command, self.code, self.stdout, self.stderr)


@pytest.fixture
def programs(host: Any, monkeypatch: pytest.MonkeyPatch) -> Answers:
    answers = Answers()
    monkeypatch.setattr(host, "run", answers)
    return answers


@pytest.fixture
def right(tmp_path: Path, host: Any) -> dict[str, Any]:
    """A file as it shall be."""
    path = tmp_path / "file"
    path.write_bytes(b"right\n")
    path.chmod(0o640)
    return {
        "path": str(path),
        "state": "file",
        "owner": pwd.getpwuid(os.getuid()).pw_name,
        "group": grp.getgrgid(path.stat().st_gid).gr_name,
        "mode": "0640",
        "sha256": host.digest_of(str(path)),
    }


def test_a_file_that_is_right_does_not_differ(host: Any, right: dict[str, Any]) -> None:
    assert not host.path_differs(right)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mode", "0644"),
        ("owner", "daemon"),
        ("group", "daemon"),
        ("owner", "no-such-user"),
        ("group", "no-such-group"),
        ("sha256", "0" * 64),
        ("state", "directory"),
        ("state", "absent"),
    ],
)
def test_a_file_differs_in_each_single_thing(host: Any, right: dict[str, Any], key: str, value: str) -> None:
    assert host.path_differs({**right, key: value})


def test_what_is_not_asked_for_does_not_differ(host: Any, right: dict[str, Any]) -> None:
    assert not host.path_differs({**ANYTHING, "path": right["path"]})


def test_what_is_missing_differs_and_what_shall_be_does_not(host: Any, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")

    assert host.path_differs({**ANYTHING, "path": missing})
    assert host.path_differs({**ANYTHING, "path": missing, "state": "directory"})
    assert not host.path_differs({**ANYTHING, "path": missing, "state": "absent"})


def test_what_lies_below_a_file_differs(host: Any, right: dict[str, Any]) -> None:
    assert host.path_differs({**ANYTHING, "path": f"{right['path']}/below"})


def test_a_link_to_a_folder_is_a_folder_and_one_to_a_file_is_no_file(
    host: Any, tmp_path: Path, right: dict[str, Any]
) -> None:
    (tmp_path / "to-folder").symlink_to(tmp_path)
    (tmp_path / "to-file").symlink_to(right["path"])
    (tmp_path / "to-nothing").symlink_to(tmp_path / "missing")

    assert not host.path_differs({**ANYTHING, "path": str(tmp_path / "to-folder"), "state": "directory"})
    assert host.path_differs({**right, "path": str(tmp_path / "to-file")})
    assert host.path_differs({**ANYTHING, "path": str(tmp_path / "to-nothing"), "state": "absent"})


def test_a_user_differs_in_home_and_shell(host: Any) -> None:
    entry = pwd.getpwuid(os.getuid())
    user = {"name": entry.pw_name, "home": entry.pw_dir, "shell": entry.pw_shell}

    assert not host.user_differs(user)
    assert host.user_differs({**user, "home": "/elsewhere"})
    assert host.user_differs({**user, "shell": "/bin/other"})
    assert host.user_differs({**user, "name": "no-such-user"})


def test_packages_that_are_unknown_or_only_configured_are_missing(host: Any, programs: Answers) -> None:
    programs.code = 1
    programs.stdout = "one installed\ntwo config-files\nthree half-installed\n"

    assert host.missing_packages(["one", "two", "three", "four", "one=1.0"]) == [
        "two",
        "three",
        "four",
        "one=1.0",
    ]
    assert host.missing_packages([]) == []
    assert len(programs.asked) == 1


def test_python_packages_are_compared_as_pip_does(host: Any, tmp_path: Path) -> None:
    folder = tmp_path / "python3.11" / "site-packages"
    for name in ("Colour.Math", "word_count"):
        made = folder / f"{name}-1.0.dist-info"
        made.mkdir(parents=True)
        (made / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    pattern = str(tmp_path / "python3.*" / "site-packages")

    assert host.missing_distributions(pattern, ["colour-math", "word-count", "other"]) == ["other"]
    assert host.missing_distributions(str(tmp_path / "nowhere"), ["other"]) == ["other"]


ENABLED = {"ActiveState": "active", "UnitFileState": "enabled", "NeedDaemonReload": "no"}
WANTED = {"name": "worker.service", "enabled": True, "active": True}
UNWANTED = {"name": "worker.service", "enabled": False, "active": False}
ABSENT = {"ActiveState": "inactive", "UnitFileState": "", "NeedDaemonReload": "no"}


@pytest.mark.parametrize(
    ("unit", "state", "differs"),
    [
        (WANTED, ENABLED, False),
        (WANTED, {**ENABLED, "ActiveState": "activating"}, False),
        (WANTED, {**ENABLED, "ActiveState": "failed"}, True),
        (WANTED, {**ENABLED, "ActiveState": "deactivating"}, True),
        (WANTED, {**ENABLED, "UnitFileState": "disabled"}, True),
        (WANTED, {**ENABLED, "UnitFileState": "enabled-runtime"}, True),
        (WANTED, {**ENABLED, "NeedDaemonReload": "yes"}, True),
        (WANTED, ABSENT, True),
        (UNWANTED, ABSENT, False),
        (UNWANTED, {**ENABLED, "UnitFileState": "disabled"}, True),
        (UNWANTED, {**ABSENT, "UnitFileState": "enabled"}, True),
        (UNWANTED, {**ABSENT, "ActiveState": "deactivating"}, True),
        ({"name": "any", "enabled": None, "active": None}, ENABLED, False),
        ({"name": "any", "enabled": None, "active": None}, {**ENABLED, "NeedDaemonReload": "yes"}, True),
    ],
)
def test_a_unit_differs_in_how_it_starts_runs_and_is_read(
    host: Any, unit: dict[str, Any], state: dict[str, str], *, differs: bool
) -> None:
    assert host.unit_differs(unit, state) is differs


def test_units_are_told_apart_by_their_order(host: Any, programs: Answers) -> None:
    programs.stdout = (
        "Id=a.service\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\n\n"
        "Id=b.timer\nActiveState=inactive\nUnitFileState=\nNeedDaemonReload=no\n"
    )
    units = [{"name": name, "enabled": True, "active": True} for name in ("a.service", "b.timer")]

    found = host.look({**NOTHING, "units": units})

    assert (found["units"], found["differs"]) == (["b.timer"], True)
    assert found["looked_at"]["units"] == ["a.service", "b.timer"]


def test_a_systemd_that_does_not_answer_is_not_taken_for_right(host: Any, programs: Answers) -> None:
    programs.code, programs.stderr = 1, "Failed to connect to bus"

    with pytest.raises(host.LookFailed, match="Failed to connect to bus"):
        host.look({**NOTHING, "units": [WANTED]})


def test_cloud_init_is_waited_for_unless_it_is_done_without_errors(
    host: Any, programs: Answers, tmp_path: Path
) -> None:
    result = tmp_path / "result.json"
    result.write_text('{"v1": {"datasource": "DataSourceNoCloud", "errors": []}}')
    host.wait_for_cloud_init(str(result))
    assert programs.asked == []

    result.write_text('{"v1": {"datasource": "DataSourceNoCloud", "errors": ["one"]}}')
    programs.code = 2
    host.wait_for_cloud_init(str(result))
    host.wait_for_cloud_init(str(tmp_path / "missing"))
    assert programs.asked == [("cloud-init", "status", "--wait")] * 2

    programs.code, programs.stdout = 1, "status: error"
    with pytest.raises(host.LookFailed, match="status: error"):
        host.wait_for_cloud_init(str(result))


def test_it_runs_from_standard_input_and_prints_what_differs(tmp_path: Path) -> None:
    wanted = {
        **NOTHING,
        "paths": [{**ANYTHING, "path": str(tmp_path / "missing")}],
        "results": [str(tmp_path / "*.none"), str(tmp_path)],
    }
    program = f"{MODULE.read_text()}\n\nmain({json.dumps(wanted)!r})\n"

    done = subprocess.run(
        [sys.executable, "-I", "-"], input=program, capture_output=True, text=True, check=True
    )

    found = json.loads(done.stdout)
    assert found["differs"] is True
    assert (found["paths"], found["results"]) == ([str(tmp_path / "missing")], [str(tmp_path / "*.none")])
    assert all(found[name] == [] for name in ("packages", "users", "distributions", "units"))
