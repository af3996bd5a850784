"""A person's own AWS configuration: what leads elsewhere is said, and the rest does not reach a client."""

from pathlib import Path

import pytest
from ansible.module_utils.account.aws_configuration import USUAL, own_endpoints, strange_endpoints
from botocore.session import Session


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file."""
    path = tmp_path / "config"
    path.touch()
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return path


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "[default]\nendpoint_url = http://localhost:4566\n",
            "endpoint_url in ~/.aws/config (profile ",
        ),
        (
            "[default]\nservices = mine\n[services mine]\ns3 =\n  endpoint_url = http://localhost:9000\n",
            "s3.endpoint_url in ~/.aws/config (profile ",
        ),
    ],
)
def test_an_endpoint_in_the_configuration_is_named_with_the_way_out(
    config: Path, text: str, named: str
) -> None:
    config.write_text(text)

    [said] = strange_endpoints(Session(), {})

    assert said.startswith(f"{named}default) leads elsewhere, where no worker goes: take it out")
    assert "localhost" not in said
    assert strange_endpoints(Session(), {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}) == []
    assert strange_endpoints(Session(), {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}) == []


def test_an_endpoint_of_one_service_in_the_environment_is_named(config: Path) -> None:
    given = {"AWS_ENDPOINT_URL_SQS": "http://x", "AWS_ENDPOINT_URL_DYNAMODB": "http://y"}

    [said] = strange_endpoints(Session(), given)

    assert said.startswith("AWS_ENDPOINT_URL_SQS in the environment leads elsewhere, where no worker goes")


def test_a_private_way_to_what_is_neither_bucket_nor_queue_is_told_and_not_refused(config: Path) -> None:
    config.write_text("[default]\nservices = mine\n[services mine]\nec2 =\n  endpoint_url = https://vpce-1\n")
    given = {"AWS_ENDPOINT_URL_STS": "https://vpce-0"}

    assert strange_endpoints(Session(), given) == []
    assert own_endpoints(Session(), given) == [
        "Only this machine reaches AWS as set by AWS_ENDPOINT_URL_STS and ec2.endpoint_url in ~/.aws/config."
    ]
    assert own_endpoints(Session(), {**given, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}) == []


def test_what_is_refused_or_leads_nowhere_else_is_not_told_beside_it(config: Path) -> None:
    config.write_text("[default]\nendpoint_url = http://localhost:4566\n")

    assert own_endpoints(Session(), {"AWS_ENDPOINT_URL_S3": "http://x"}) == []


def test_region_output_and_the_ways_to_s3_that_others_need_do_not_matter(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    config.write_text(
        "[default]\nregion = eu-west-1\noutput = yaml\nuse_dualstack_endpoint = true\n"
        "s3 =\n  use_accelerate_endpoint = true\n  addressing_style = path\n"
    )

    client = Session().create_client("s3", region_name="us-east-1", config=USUAL)
    sent: list[str] = []
    client.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.url) or _Answer())
    client.head_bucket(Bucket="a-bucket")
    client.close()

    assert strange_endpoints(Session(), {}) == []
    assert sent == ["https://a-bucket.s3.amazonaws.com/"]


class _Answer:
    """What stands in for S3: the test is about where the call goes."""

    status_code, headers, content, text = 200, {}, b"", ""
