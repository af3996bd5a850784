"""The module that puts a pasted block in force: it asks AWS first, and writes only what is alive."""

import configparser
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud_fixture import REPOSITORY, new_key
from tests.patience import patience

Files = dict[str, Path]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Where the block is pasted, where it goes, and the stack's folder."""
    return {name: tmp_path / name for name in ("block", "credentials", "stack")}


def put_in_force(
    cloud: dict[str, str], files: Files, *arguments: str, check: bool = False, **environment: str
) -> dict[str, Any]:
    """Run the module as a playbook does; return its answer, and `said`, all that was printed."""
    files["stack"].mkdir(exist_ok=True)
    file = "" if files["block"] == Path() else str(files["block"])
    options = {"file": file, "folder": str(files["stack"]), "region": "us-east-1"}
    for argument in arguments:
        options[argument] = "true"
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "ansible"), "localhost", "--inventory", "localhost,", "-vvv"),
            *("--connection", "local", "-e", f"ansible_python_interpreter={sys.executable}"),
            *("-m", "lab_credentials", "-a", json.dumps(options)),
            *(["--check"] if check else []),
        ],
        cwd=REPOSITORY,
        env={
            **os.environ,
            **cloud,
            **none,
            "AWS_SHARED_CREDENTIALS_FILE": str(files["credentials"]),
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=patience(120),
        check=False,
    )
    report = json.JSONDecoder().raw_decode(done.stdout, done.stdout.index('{\n    "custom_stats"'))[0]
    answer: dict[str, Any] = report["plays"][0]["tasks"][0]["hosts"]["localhost"]
    return {"failed": False, "msg": "", **answer, "said": done.stdout + done.stderr}


def paste(cloud: dict[str, str], files: Files, **wishes: Any) -> dict[str, str]:
    """Paste a new block of the cloud's; return its values."""
    values = {
        name: value
        for name, value in new_key(cloud, **wishes).items()
        if name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    }
    lines = [f"{name.lower()}={value}" for name, value in values.items()]
    files["block"].write_text("\n".join(["[default]", *lines, ""]))
    return values


def test_a_block_of_a_session_that_has_ended_replaces_nothing(
    localcloud: dict[str, str], files: Files
) -> None:
    paste(localcloud, files, cancelled=True)
    files["credentials"].write_text("[default]\naws_access_key_id = good\n")

    answer = put_in_force(localcloud, files)

    assert answer["failed"]
    assert "were not put in force. The lab's session has ended" in answer["msg"]
    assert "press Start Lab" in answer["msg"]
    assert files["credentials"].read_text() == "[default]\naws_access_key_id = good\n"


def test_a_living_block_is_put_in_force_once_and_never_shown(
    localcloud: dict[str, str], files: Files
) -> None:
    block = paste(localcloud, files)
    files["credentials"].write_text("[other]\nregion = us-west-2\n")

    first = put_in_force(localcloud, files)
    second = put_in_force(localcloud, files)

    assert (first["failed"], first["changed"], first["account"]) == (False, True, "123456789012"), first
    assert second["changed"] is False
    text = files["credentials"].read_text()
    assert "[other]\nregion = us-west-2\n" in text
    assert all(value in text for value in block.values())
    assert files["credentials"].stat().st_mode & 0o777 == 0o600
    assert block["AWS_SECRET_ACCESS_KEY"] not in first["said"]
    assert block["AWS_SESSION_TOKEN"] not in first["said"]


def test_a_dead_block_goes_nowhere(localcloud: dict[str, str], files: Files) -> None:
    block = paste(localcloud, files)
    files["block"].write_text(
        files["block"].read_text().replace(block["AWS_SESSION_TOKEN"], block["AWS_SESSION_TOKEN"][::-1])
    )

    answer = put_in_force(localcloud, files)

    assert answer["failed"]
    assert "were not put in force. AWS does not take the credentials" in answer["msg"]
    assert not files["credentials"].exists()


def test_an_expired_block_is_said_to_be_one(localcloud: dict[str, str], files: Files) -> None:
    paste(localcloud, files, seconds=0.001)

    answer = put_in_force(localcloud, files)

    assert "have expired" in answer["msg"]
    assert "start the lab's session again" in answer["msg"]


def test_a_block_of_another_account_goes_nowhere_unless_that_is_meant(
    localcloud: dict[str, str], files: Files
) -> None:
    paste(localcloud, files, account="210987654321")
    files["stack"].mkdir()
    (files["stack"] / "account").write_text("123456789012\n")

    refused = put_in_force(localcloud, files)
    assert not files["credentials"].exists()
    meant = put_in_force(localcloud, files, "account_change")

    assert (
        "belong to account 210987654321, and the stack on this machine is in account 123456789012"
        in refused["msg"]
    )
    assert "everything would be new" in refused["msg"]
    assert (meant["failed"], meant["account"]) == (False, "210987654321")


def test_keys_that_do_not_expire_and_variables_in_the_way_are_left_alone(
    localcloud: dict[str, str], files: Files
) -> None:
    paste(localcloud, files)
    own = "[default]\naws_access_key_id = AKIAOWN\naws_secret_access_key = own\n"
    files["credentials"].write_text(own)

    kept = put_in_force(localcloud, files)
    in_the_way = put_in_force(localcloud, files, AWS_ACCESS_KEY_ID="AKIA")
    profile = put_in_force(localcloud, files, AWS_PROFILE="lab")

    assert "keys that do not expire" in kept["msg"]
    assert "`unset AWS_ACCESS_KEY_ID`" in in_the_way["msg"]
    assert (profile["failed"], profile["profile"]) == (False, "lab"), profile["msg"]
    assert files["credentials"].read_text().startswith(own)


def test_what_cannot_be_read_is_named(localcloud: dict[str, str], files: Files) -> None:
    missing = put_in_force(localcloud, files)
    files["block"].write_text("[default]\naws_access_key_id=ASIAHALF\n")
    half = put_in_force(localcloud, files)

    assert f"The credentials in {files['block']} cannot be read" in missing["msg"]
    assert "it has no aws_secret_access_key and no aws_session_token" in half["msg"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_block_is_taken_in_whatever_encoding_and_a_garbled_file_made_whole(
    localcloud: dict[str, str], files: Files, encoding: str
) -> None:
    block = paste(localcloud, files)
    files["block"].write_bytes(files["block"].read_text().replace("\n", "\r\n").encode(encoding))
    garbled = b"aws_access_key_id = half\n[other]\nregion = us-west-2\n[other]\n\xe9\n"
    files["credentials"].write_bytes(garbled)

    answer = put_in_force(localcloud, files)

    assert (answer["failed"], answer["changed"]) == (False, True), answer["msg"]
    found = configparser.RawConfigParser()
    found.read(files["credentials"])
    assert dict(found["default"]) == {name.lower(): value for name, value in block.items()}
    assert dict(found["other"]) == {"region": "us-west-2"}
    beside = files["credentials"].with_name("credentials.garbled")
    assert beside.read_bytes() == garbled
    assert beside.stat().st_mode & 0o777 == 0o600


def test_without_a_block_the_garbled_file_itself_is_repaired(
    localcloud: dict[str, str], files: Files
) -> None:
    paste(localcloud, files)
    twice = files["block"].read_bytes() * 2
    files["credentials"].write_bytes(twice)
    files["block"] = Path()

    dry = put_in_force(localcloud, files, check=True)
    assert files["credentials"].read_bytes() == twice
    first, second = put_in_force(localcloud, files), put_in_force(localcloud, files)

    assert dry["changed"]
    assert (first["failed"], first["changed"], first["account"]) == (False, True, "123456789012"), first[
        "msg"
    ]
    assert "a second time" in first["repaired"]
    assert (second["failed"], second["changed"]) == (False, False)


def test_what_cannot_be_repaired_is_left_alone_with_the_way_out(
    localcloud: dict[str, str], files: Files
) -> None:
    files["block"] = Path()
    half = b"aws_access_key_id = ASIAHALFHALFHALF1234\naws_secret_access_key = half\n"
    files["credentials"].write_bytes(half)

    answer = put_in_force(localcloud, files)

    assert "line 1 stands before the first line with a profile's name" in answer["msg"]
    assert (
        "paste the lab's block into a file, and run this again with -e credentials_file=FILE" in answer["msg"]
    )
    assert files["credentials"].read_bytes() == half
