import re
from pathlib import Path

import pytest
from jobfleet.cli.invocation import Invocation
from jobfleet.errors import UnknownSettings
from jobfleet.settings.settings import find_settings

VARIABLES = ("STACK", "REGION", "BUCKET", "VARS", "ENDPOINT_URL", "PROFILE", "TIMEOUT")


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"JOBFLEET_{name}", raising=False)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.chdir(tmp_path)


def variables(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_flags_win_over_the_environment_and_that_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    variables(Path("inventory/group_vars/all.yml"), "stack_name: from-file\naws_region: eu-west-1\n")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    found = find_settings()
    assert (found.stack, found.region) == ("from-file", "eu-west-1")
    assert found.sources["stack"].endswith("inventory/group_vars/all.yml")
    monkeypatch.setenv("JOBFLEET_STACK", "from-environment")
    assert find_settings().stack == "from-environment"
    assert find_settings().sources["stack"] == "JOBFLEET_STACK"
    assert find_settings(stack="from-flag").stack == "from-flag"
    assert find_settings().bucket is None
    assert find_settings(bucket="a-bucket").bucket == "a-bucket"


def test_the_file_is_looked_for_in_the_folders_above(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    variables(tmp_path / "inventory/group_vars/all.yml", "stack_name: above\naws_region: us-east-1\n")
    (tmp_path / "a/b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a/b")
    assert find_settings().stack == "above"


def test_values_only_ansible_can_work_out_are_passed_over_unless_they_are_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = variables(Path("all.yml"), "stack_name: \"{{ lookup('env', 'X') }}\"\naws_region: us-east-1\n")
    assert find_settings(stack="given", vars_file=file).stack == "given"
    with pytest.raises(UnknownSettings, match=r"no stack is known.*all\.yml has no plain stack_name"):
        find_settings(vars_file=file)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    file.write_text('stack_name: demo\naws_region: "{{ region }}"\n')
    assert find_settings(vars_file=file).region == "us-west-2"


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "no YAML"), ("- a\n", "no variables"), ("", "no variables"), (None, "cannot be read")],
)
def test_a_file_that_is_no_variables_file_is_told(text: str | None, words: str) -> None:
    if text is not None:
        variables(Path("all.yml"), text)
    with pytest.raises(UnknownSettings, match=words):
        find_settings(vars_file="all.yml")


def test_a_stack_name_that_cannot_be_is_told_with_where_it_came_from() -> None:
    with pytest.raises(UnknownSettings, match=r"'No!'.*from --stack"):
        find_settings(stack="No!", region="us-east-1")


def test_a_file_of_json_will_do() -> None:
    variables(Path("all.yml"), '{"stack_name": "demo", "aws_region": "us-east-1"}')
    assert find_settings(vars_file="all.yml").stack == "demo"


@pytest.mark.parametrize("value", ["123", "yes", "[a, b]"])
def test_a_value_in_the_file_that_is_no_text_is_told(value: str) -> None:
    variables(Path("all.yml"), f"stack_name: {value}\naws_region: us-east-1\n")
    with pytest.raises(UnknownSettings, match=r"all\.yml: stack_name is .* put it in quotes"):
        find_settings(vars_file="all.yml")


def test_a_file_that_does_not_exist_is_named_with_the_way_out() -> None:
    with pytest.raises(UnknownSettings, match=r"nowhere\.yml cannot be read: No such file.*--vars"):
        find_settings(vars_file="nowhere.yml")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"region": "us east 1"}, r"region 'us east 1' \(from --region\).*us-east-1"),
        ({"region": "us-east-1a"}, "not an AWS region"),
        ({"bucket": "My_Bucket"}, r"bucket 'My_Bucket' \(from --bucket\).*leave it out"),
        ({"endpoint_url": "localhost:5000"}, r"endpoint 'localhost:5000' \(from --endpoint-url\).*http://"),
    ],
)
def test_values_that_cannot_be_are_told_with_where_they_came_from(given: dict[str, str], words: str) -> None:
    with pytest.raises(UnknownSettings, match=words):
        find_settings(**{"stack": "demo", "region": "us-east-1", **given})


@pytest.mark.parametrize(
    "value", ["host:5000", "http://", "http://[", "http://a:99999", "http://a b", "ftp://a"]
)
def test_an_endpoint_in_awss_own_environment_that_is_no_url_is_told(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, value)
        with pytest.raises(
            UnknownSettings, match=rf"{re.escape(repr(value))} \(from {name}\) is no URL.*http://"
        ):
            find_settings(stack="demo", region="us-east-1")
        monkeypatch.setenv(name, "http://127.0.0.1:5000/below")
    assert find_settings(stack="demo", region="us-east-1").endpoint_url is None


@pytest.mark.parametrize("text", ["aws_region: 2024-13-45", "a: " + "[" * 2000])
def test_a_variables_file_that_its_reader_stumbles_over_is_told(text: str) -> None:
    variables(Path("all.yml"), text)
    with pytest.raises(UnknownSettings, match=r"all\.yml is no YAML"):
        find_settings(vars_file="all.yml")


def test_a_variables_file_that_never_ends_is_not_read_to_its_end() -> None:
    with pytest.raises(UnknownSettings, match="/dev/zero is too large for a variables file"):
        find_settings(vars_file="/dev/zero")


def test_the_region_of_the_profile_is_the_last_resort(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("config").write_text("[default]\nregion = eu-west-1\n[profile lab]\nregion = us-west-2\n")
    monkeypatch.setenv("JOBFLEET_STACK", "demo")
    assert (find_settings().region, find_settings().sources["region"]) == ("eu-west-1", "AWS profile default")
    assert find_settings(profile="lab").region == "us-west-2"
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert (find_settings().region, find_settings().sources["region"]) == ("us-west-2", "AWS profile lab")
    assert find_settings().profile is None  # boto3's own matter: keys in the environment win over it
    monkeypatch.setenv("JOBFLEET_PROFILE", "default")
    assert (find_settings().region, find_settings().profile) == ("eu-west-1", "default")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert find_settings().region == "us-east-1"


def test_a_profile_that_there_is_not_is_told_with_those_there_are() -> None:
    Path("config").write_text("[profile lab]\nregion = us-west-2\n")
    with pytest.raises(UnknownSettings, match=r"no AWS profile 'lap'.*there are lab"):
        find_settings(stack="demo", profile="lap")


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "soon"])
def test_a_timeout_that_cannot_be_is_told(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBFLEET_TIMEOUT", text)
    with pytest.raises(UnknownSettings, match=f"JOBFLEET_TIMEOUT: '{text}' is no number of seconds"):
        _ = Invocation().timeout
    monkeypatch.setenv("JOBFLEET_TIMEOUT", "2.5")
    assert Invocation().timeout == 2.5
