"""Evaluating policy documents the way IAM does."""

import json
from typing import Any

import pytest

from localcloud.iam.keyring import read_policy
from localcloud.iam.need import Need
from localcloud.iam.policy import Decision, decide

QUEUE = "arn:aws:sqs:us-east-1:123456789012:fleet-requests"


def policy(**statement: Any) -> dict[str, Any]:
    return read_policy(
        json.dumps({"Statement": {"Effect": "Allow", "Resource": "*", "Action": "*", **statement}})
    )


def says(*policies: dict[str, Any], need: Need | None = None, **context: Any) -> Decision:
    return decide(policies, need or Need("sqs:SendMessage", QUEUE), {"aws:PrincipalAccount": "1", **context})


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ({"Action": "sqs:SendMessage"}, True),
        ({"Action": "SQS:send*"}, True),
        ({"Action": ["s3:*", "sqs:*"]}, True),
        ({"Action": "sqs:Send"}, False),
        ({"Action": "sqs:SendMessag?"}, True),
        ({"Resource": QUEUE}, True),
        ({"Resource": "arn:aws:sqs:*:*:fleet-*"}, True),
        ({"Resource": QUEUE.upper()}, False),
        ({"Resource": "arn:aws:sqs:us-east-1:123456789012:fleet.requests"}, False),
        ({"Resource": "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}23456789012:*"}, True),
        ({"Resource": "arn:aws:sqs:us-east-1:${no:such}123456789012:*"}, False),
    ],
)
def test_actions_and_resources_match_with_wildcards_and_variables(
    statement: dict[str, Any], allowed: bool
) -> None:
    assert says(policy(**statement)) is (Decision.ALLOWED if allowed else Decision.NOT_ALLOWED)


def test_what_is_denied_anywhere_is_denied() -> None:
    assert says(policy(), policy(Effect="Deny", Action="sqs:*")) is Decision.DENIED
    assert says(policy(), policy(Effect="Deny", Action="s3:*")) is Decision.ALLOWED
    assert says() is Decision.NOT_ALLOWED


def test_not_action_and_not_resource_name_all_others() -> None:
    others = read_policy('{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:x"}]}')

    assert says(others) is Decision.ALLOWED
    assert says(others, need=Need("iam:CreateRole", "*")) is Decision.NOT_ALLOWED
    assert says(others, need=Need("sqs:SendMessage", "arn:x")) is Decision.NOT_ALLOWED


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"aws:RequestTag/stack": "fleet"}}, True),
        ({"StringEquals": {"AWS:requesttag/stack": ["other", "fleet"]}}, True),
        ({"StringEquals": {"aws:RequestTag/stack": "Fleet"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:RequestTag/stack": "Fleet"}}, True),
        ({"StringLike": {"aws:RequestTag/stack": "f*"}}, True),
        ({"StringNotLike": {"aws:RequestTag/stack": "f*"}}, False),
        ({"StringLike": {"aws:RequestTag/stack": "[f]*"}}, False),
        ({"StringEquals": {"missing": "x"}}, False),
        ({"StringNotEquals": {"missing": "x"}}, True),
        ({"StringEqualsIfExists": {"missing": "x"}}, True),
        ({"Null": {"missing": "true"}}, True),
        ({"Null": {"aws:RequestTag/stack": "true"}}, False),
        ({"Bool": {"aws:SecureTransport": True}}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["stack", "name"]}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["stack"]}}, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["stack"]}}, True),
        ({"ForAllValues:StringEquals": {"missing": ["stack"]}}, True),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, True),
        ({"NumericGreaterThan": {"s3:max-keys": "10"}}, False),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:sts::*:assumed-role/LabRole/*"}}, True),
        (
            {"StringEquals": {"aws:RequestTag/stack": "fleet"}, "Bool": {"aws:SecureTransport": "false"}},
            False,
        ),
    ],
)
def test_conditions_look_at_the_request(condition: dict[str, Any], holds: bool) -> None:
    context = {
        "aws:RequestTag/stack": "fleet",
        "aws:TagKeys": ["stack", "name"],
        "aws:SecureTransport": "true",
        "aws:SourceIp": "127.0.0.1",
        "aws:PrincipalArn": "arn:aws:sts::1:assumed-role/LabRole/i-1",
        "s3:max-keys": "10",
    }

    decision = says(policy(Condition=condition), **context)

    assert decision is (Decision.ALLOWED if holds else Decision.NOT_ALLOWED)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", 'no "Statement"'),
        ("[]", 'no "Statement"'),
        ('{"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]}', "statement 1 has neither"),
        ('{"Statement": [{"Effect": "Allow", "Action": "*"}]}', 'either "Resource" or "NotResource"'),
        (
            '{"Statement": {"Effect": "Deny", "Action": "a", "Resource": "r", "Condition": {"Binary": 1}}}',
            "cannot judge Binary",
        ),
        ("not json", "Expecting value"),
    ],
)
def test_a_document_that_cannot_be_judged_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_policy(text)
