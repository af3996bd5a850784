"""Which profile a session of the playbooks has."""

import pytest
from ansible.module_utils.account.aws_session import new_session


@pytest.mark.parametrize(
    ("default", "usual", "profile"),
    [
        ("", "lab", "lab"),
        ("lab", "", "lab"),
        ("", "", None),
        ("first", "second", "first"),
        (None, "lab", "lab"),
    ],
)
def test_a_variable_that_is_set_to_nothing_counts_as_unset(
    monkeypatch: pytest.MonkeyPatch, default: str | None, usual: str, profile: str | None
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_PROFILE", raising=False)
    if default is not None:
        monkeypatch.setenv("AWS_DEFAULT_PROFILE", default)
    monkeypatch.setenv("AWS_PROFILE", usual)

    assert new_session().profile == profile
    assert new_session(heeds_profile=False).profile is None
