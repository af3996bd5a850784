from pathlib import Path

import pytest
from jobfleet.files import paths
from jobfleet.settings.state_folder import state_folder, state_path
from jobfleet.stack.sent_history import History


def test_a_home_that_nobody_knows_is_left_as_it_was_typed() -> None:
    assert paths.at_home("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")


def test_a_user_without_home_has_no_state_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Path.home() fails as it does for a user whom the system does not know; only root could become one."""

    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    for look in (state_path, state_folder):
        with pytest.raises(OSError, match="this user has no home folder"):
            look()
    assert History("bucket").sent() == []


def test_links_in_a_circle_are_what_they_are(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert paths.resolved(loop) == loop
    assert not paths.is_folder(loop)


def test_a_working_folder_that_is_gone_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert paths.working_folder() is None
    assert paths.resolved(Path("x")) == Path("x")
    assert paths.from_root(Path("x")) == Path("x")


def test_no_folder_has_a_name_that_is_too_long() -> None:
    assert not paths.is_folder("x" * 5000)
    assert not paths.is_stream("x" * 5000)
    assert paths.is_stream("/dev/null")


@pytest.mark.parametrize("name", ["stra\u00dfe.png", "\ufb01n.png", "a.png"])
def test_a_folder_is_judged_by_letters_that_have_one_other_form(tmp_path: Path, name: str) -> None:
    """A hard link stands for the file under its name in other capitals: those of ASCII alone differ."""
    (tmp_path / name).touch()
    assert not paths.folds_case(tmp_path)

    (tmp_path / "".join(one.upper() if one.isascii() else one for one in name)).hardlink_to(tmp_path / name)

    assert paths.folds_case(tmp_path)
