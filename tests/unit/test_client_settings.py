from pathlib import Path

import pytest

from client.errors import UnknownSettings
from client.settings import find

VARIABLES = ("STACK", "REGION", "BUCKET", "VARS", "ENDPOINT_URL")


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"JOBFLEET_{name}", raising=False)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def variables(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_flags_win_over_the_environment_and_that_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    variables(Path("inventory/group_vars/all.yml"), "stack_name: from-file\naws_region: eu-west-1\n")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    found = find()
    assert (found.stack, found.region) == ("from-file", "eu-west-1")
    assert found.sources["stack"].endswith("inventory/group_vars/all.yml")
    monkeypatch.setenv("JOBFLEET_STACK", "from-environment")
    assert find().stack == "from-environment"
    assert find().sources["stack"] == "JOBFLEET_STACK"
    assert find(stack="from-flag").stack == "from-flag"
    assert find().bucket is None
    assert find(bucket="b").bucket == "b"


def test_the_file_is_looked_for_in_the_folders_above(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    variables(tmp_path / "inventory/group_vars/all.yml", "stack_name: above\naws_region: us-east-1\n")
    (tmp_path / "a/b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a/b")
    assert find().stack == "above"


def test_values_only_ansible_can_work_out_are_passed_over_unless_they_are_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = variables(Path("all.yml"), "stack_name: \"{{ lookup('env', 'X') }}\"\naws_region: us-east-1\n")
    assert find(stack="given", vars_file=file).stack == "given"
    with pytest.raises(UnknownSettings, match=r"no stack is known.*all\.yml has no plain stack_name"):
        find(vars_file=file)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    file.write_text('stack_name: demo\naws_region: "{{ region }}"\n')
    assert find(vars_file=file).region == "us-west-2"


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "no YAML"), ("- a\n", "no variables"), ("", "no variables"), (None, "cannot be read")],
)
def test_a_file_that_is_no_variables_file_is_told(text: str | None, words: str) -> None:
    if text is not None:
        variables(Path("all.yml"), text)
    with pytest.raises(UnknownSettings, match=words):
        find(vars_file="all.yml")


def test_a_stack_name_that_cannot_be_is_told_with_where_it_came_from() -> None:
    with pytest.raises(UnknownSettings, match=r"'No!'.*from --stack"):
        find(stack="No!", region="us-east-1")
