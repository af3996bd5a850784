"""What people read where botocore cannot even ask AWS."""

import pytest
from botocore.exceptions import BotoCoreError, HTTPClientError, SSLError
from jobfleet.aws.account import Account
from jobfleet.errors import Unreachable
from jobfleet.settings.settings import find_settings


@pytest.mark.parametrize("said", ["certificate is not yet valid", "certificate has expired"])
def test_a_certificate_out_of_its_time_is_told_with_the_clock_by_which_it_is(said: str) -> None:
    account = Account(find_settings(stack="mine", region="us-east-1"))
    problem = SSLError(
        endpoint_url="https://sqs.us-east-1.amazonaws.com/",
        error=f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {said} (_ssl.c:1016)",
    )

    found = account.sentences.of(problem)

    assert isinstance(found, Unreachable)
    assert str(found).endswith(
        "look at this machine's clock: if it is wrong, set it, for instance with `timedatectl set-ntp true`"
    )


@pytest.mark.parametrize(
    ("variable", "problem", "advice"),
    [
        (
            "AWS_CA_BUNDLE",
            SSLError(endpoint_url="https://x/", error="[Errno 2]"),
            "in AWS_CA_BUNDLE",
        ),
        (
            "HTTPS_PROXY",
            HTTPClientError(error="Invalid IPv6 URL"),
            "in HTTPS_PROXY, and at NO_PROXY",
        ),
        (
            "NOTHING",
            SSLError(endpoint_url="https://x/", error="[SSL: WRONG_VERSION_NUMBER]"),
            "is its address one that begins with http://?",
        ),
    ],
)
def test_a_call_that_does_not_get_through_names_what_leads_it_astray(
    monkeypatch: pytest.MonkeyPatch, variable: str, problem: BotoCoreError, advice: str
) -> None:
    monkeypatch.setenv(variable, "whatever it is")

    found = Account(find_settings(stack="mine", region="us-east-1")).sentences.of(problem)

    assert isinstance(found, Unreachable)
    assert advice in str(found)
