"""The policies in docs/policies: how recorded calls become statements, and that the pages tell of them."""

import json
import re
from typing import Any

import pytest

from localcloud.iam.keyring import read_policy
from tests import policies
from tests.policies import Place, Rare
from tests.rare_permissions import RARE

PLACE = Place("mine", "123456789012", "us-east-1")
EC2 = "arn:aws:ec2:us-east-1:123456789012"
SQS = "arn:aws:sqs:us-east-1:123456789012"
BUCKET = "arn:aws:s3:::mine-123456789012-us-east-1"


def row(action: str, resource: str, refused: str | None = None, **context: Any) -> dict[str, Any]:
    told = {"action": action, "resource": resource, "context": context, "refused": refused}
    return {**told, "dry_run": False}


@pytest.mark.parametrize(
    ("action", "resource", "named"),
    [
        ("sqs:SendMessage", f"{SQS}:mine-requests", "arn:aws:sqs:${region}:${account}:${stack}-requests"),
        (
            "sqs:CreateQueue",
            f"{SQS}:mine-reply-t1-0a",
            "arn:aws:sqs:${region}:${account}:${stack}-reply-*",
        ),
        ("sqs:ListQueueTags", f"{SQS}:theirs", "arn:aws:sqs:${region}:${account}:*"),
        ("s3:GetObject", f"{BUCKET}/uploads/7/a.png", "arn:aws:s3:::${stack}-${account}-${region}/uploads/*"),
        ("s3:PutObject", f"{BUCKET}/locks/fleet", "arn:aws:s3:::${stack}-${account}-${region}/locks/fleet"),
        ("s3:GetBucketTagging", "arn:aws:s3:::mine-too", "arn:aws:s3:::*"),
        ("ec2:RunInstances", "arn:aws:ec2:us-east-1::image/ami-1", "arn:aws:ec2:${region}::image/*"),
        ("ec2:DeleteKeyPair", f"{EC2}:key-pair/mine", "arn:aws:ec2:${region}:${account}:key-pair/${stack}"),
        ("ec2:TerminateInstances", f"{EC2}:instance/i-1", "arn:aws:ec2:${region}:${account}:instance/*"),
    ],
)
def test_a_resource_is_named_as_narrowly_as_the_next_run_allows(
    action: str, resource: str, named: str
) -> None:
    assert PLACE.permission(row(action, resource)) == (action, named)


def test_what_was_true_of_every_call_becomes_a_condition_and_what_was_not_does_not() -> None:
    ours, theirs = {"aws:ResourceTag/jobfleet:stack": "mine"}, {"aws:ResourceTag/jobfleet:stack": "theirs"}
    terminated = [row("ec2:TerminateInstances", f"{EC2}:instance/i-{n}", **ours) for n in (1, 2)]
    stopped = [
        row("ec2:StopInstances", f"{EC2}:instance/i-{n}", **tags) for n, tags in ((1, ours), (2, theirs))
    ]

    found = {action: condition for action, _, condition in policies.permissions(terminated + stopped, PLACE)}

    assert found == {
        "ec2:TerminateInstances": (("aws:ResourceTag/jobfleet:stack", ("${stack}",)),),
        "ec2:StopInstances": (),
    }


def test_what_was_refused_and_what_is_rare_is_not_among_what_was_recorded() -> None:
    rare = Rare("Rare", ("sqs:PurgeQueue",), ("arn:aws:sqs:${region}:${account}:${stack}-dead",), "seldom")
    rows = [
        row("sqs:SendMessage", f"{SQS}:mine-requests"),
        row("sqs:PurgeQueue", f"{SQS}:mine-dead"),
        row("sqs:ListQueues", "*", refused="AccessDenied"),
        {**row("ec2:RunInstances", f"{EC2}:security-group/*"), "dry_run": True},
    ]

    [with_it], [without_it] = (
        policies.documents(policies.permissions(some, PLACE), [rare], apart=False)
        for some in (rows, rows[:1])
    )

    assert with_it == without_it
    assert [statement["Action"] for statement in with_it["Statement"]] == [
        ["sqs:SendMessage"],
        ["sqs:PurgeQueue"],
    ]


@pytest.mark.parametrize("name", [name for names in policies.FILES.values() for name in names])
def test_every_file_is_a_policy_that_iam_takes_and_names_no_account(name: str) -> None:
    text = (policies.FOLDER / name).read_text()

    assert read_policy(PLACE.fill_in(text))
    assert re.findall(r"\d{12}", text) == []
    assert text == policies.text_of(json.loads(text))
    # White space does not count: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    long = Place("s" * 32, "123456789012", "ap-southeast-1")
    assert len("".join(long.fill_in(text).split())) <= 6_144


@pytest.mark.parametrize("who", RARE)
def test_what_is_rare_stands_in_the_file_and_its_reason_on_the_page(who: str) -> None:
    page = (policies.FOLDER / "README.md").read_text()
    statements = policies.statements_of(who)

    rows = re.findall(rf"^\| {who} \| `(\w+)` \| (.+) \|$", page, re.MULTILINE)
    assert rows == [(one.sid, one.reason) for one in RARE[who]]
    assert [one["Sid"] for one in statements if "Sid" in one] == [one.sid for one in RARE[who]]


def test_a_web_host_reads_nothing_that_the_page_does_not_show() -> None:
    """Batches are listed, and the stack's description is for clients."""
    scaling = {"config/scaling.json", "config/offers/*", "scaling/*"}
    read = {
        one.partition("/")[2]
        for statement in policies.statements_of("web")
        if "s3:GetObject" in statement["Action"]
        for one in statement["Resource"]
    }

    assert read == {"outputs/*", "results/*", "uploads/*", "web/keys/*", "workers/*"} | scaling
