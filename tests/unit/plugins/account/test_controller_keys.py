"""The keys on the controller: which are as they should be."""

import subprocess
from pathlib import Path

import pytest
from ansible.module_utils.account.controller_keys import KEYS, is_fit, mark_of, public_key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in KEYS:
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "fleet", "-f", tmp_path / name], check=True
        )
    return tmp_path


def test_a_key_with_its_public_half_and_comment_is_fit(folder: Path) -> None:
    assert [is_fit(folder / name, "fleet") for name in KEYS] == [True, True]
    assert public_key(folder / KEYS[0])[2] == "fleet"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key.unlink(),
        lambda key: key.chmod(0o640),
        lambda key: key.write_text("no key\n"),
        lambda key: key.with_suffix(".pub").unlink(),
        lambda key: key.with_suffix(".pub").write_text((key.parent / f"{KEYS[1]}.pub").read_text()),
        lambda key: key.with_suffix(".pub").write_text(" ".join([*public_key(key)[:2], "other"])),
    ],
    ids=["gone", "for others", "no key", "no public half", "another's half", "another comment"],
)
def test_what_openssh_keypair_would_mend_is_unfit(folder: Path, spoil: object) -> None:
    spoil(folder / KEYS[0])  # type: ignore[operator]

    assert [is_fit(folder / name, "fleet") for name in KEYS] == [False, True]


def test_there_is_a_mark_only_while_both_keys_lie_there(folder: Path) -> None:
    assert len(mark_of(folder)) == 16
    (folder / KEYS[1]).unlink()
    assert mark_of(folder) == ""
