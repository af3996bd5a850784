"""Keys that may do only what a policy allows, and the list of what was really called."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.localcloud.iam.policed import ACCOUNT, Policed, allow, refusal
from tests.localcloud_fixture import client_of, localcloud_command, new_key, newest_debian, parse_env


def test_of_sqs_only_the_named_queue_and_actions_are_open(
    aws: Callable[[str], Any], policed: Policed
) -> None:
    name = f"q-{uuid.uuid4().hex[:8]}"
    mine, other = (aws("sqs").create_queue(QueueName=f"{name}{end}")["QueueUrl"] for end in ("", "-other"))
    sqs = policed(allow("sqs:SendMessage", on=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"))("sqs")

    sqs.send_message(QueueUrl=mine, MessageBody="x")
    sqs.send_message_batch(QueueUrl=mine, Entries=[{"Id": "1", "MessageBody": "x"}])

    status, code, message = refusal(sqs.send_message, QueueUrl=other, MessageBody="x")
    assert (status, code) == (403, "AccessDenied")
    assert (
        f"is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:{ACCOUNT}"
        in message
    )
    assert "because no identity-based policy allows the sqs:sendmessage action" in message
    assert refusal(sqs.receive_message, QueueUrl=mine)[1] == "AccessDenied"


def test_of_many_deletions_those_that_are_allowed_are_done_and_each_other_is_told(
    aws: Callable[[str], Any], policed: Policed
) -> None:
    bucket = f"b-{uuid.uuid4().hex}"
    aws("s3").create_bucket(Bucket=bucket)
    for key in ("mine/a", "mine/b&c", "theirs/a"):
        aws("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    s3 = policed(allow("s3:DeleteObject", on=f"arn:aws:s3:::{bucket}/mine/*"))("s3")

    answer = s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "mine/a"}, {"Key": "theirs/a"}, {"Key": "mine/b&c"}]}
    )

    assert [one["Key"] for one in answer["Deleted"]] == ["mine/a", "mine/b&c"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("theirs/a", "AccessDenied")]
    assert [one["Key"] for one in aws("s3").list_objects_v2(Bucket=bucket)["Contents"]] == ["theirs/a"]
    # The next request of the same thread is another's.
    assert "Errors" not in aws("s3").delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "theirs/a"}]})


def test_of_s3_only_the_named_prefix_is_open(aws: Callable[[str], Any], policed: Policed) -> None:
    bucket = f"b-{uuid.uuid4().hex}"
    aws("s3").create_bucket(Bucket=bucket)
    arn = f"arn:aws:s3:::{bucket}"
    s3 = policed(
        allow("s3:PutObject", "s3:GetObject", on=f"{arn}/outputs/*"),
        allow("s3:ListBucket", on=arn, StringLike={"s3:prefix": "outputs/*"}),
        {"Effect": "Deny", "Action": "s3:*", "Resource": f"{arn}/outputs/secret"},
    )("s3")

    s3.put_object(Bucket=bucket, Key="outputs/a b.png", Body=b"x")
    s3.list_objects_v2(Bucket=bucket, Prefix="outputs/a")

    assert s3.get_object(Bucket=bucket, Key="outputs/a b.png")["Body"].read() == b"x"
    for call, asked in {
        "put_object": {"Key": "inputs/a", "Body": b"x"},
        "delete_object": {"Key": "outputs/a b.png"},
        "list_objects_v2": {"Prefix": "inputs/"},
        "list_object_versions": {},
        "delete_bucket": {},
        "put_bucket_policy": {"Policy": "{}"},
    }.items():
        assert refusal(getattr(s3, call), Bucket=bucket, **asked)[:2] == (403, "AccessDenied"), call
    denied = refusal(s3.get_object, Bucket=bucket, Key="outputs/secret")
    assert "with an explicit deny in an identity-based policy" in denied[2]
    assert refusal(s3.copy_object, Bucket=bucket, Key="outputs/c", CopySource=f"{bucket}/inputs/a")[0] == 403


def test_who_may_not_list_a_bucket_does_not_hear_that_an_object_is_missing(
    aws: Callable[[str], Any], policed: Policed
) -> None:
    bucket = f"b-{uuid.uuid4().hex}"
    aws("s3").create_bucket(Bucket=bucket)
    read = allow("s3:GetObject", on=f"arn:aws:s3:::{bucket}/*")
    blind, seeing = (
        policed(read)("s3"),
        policed(read, allow("s3:ListBucket", on=f"arn:aws:s3:::{bucket}"))("s3"),
    )

    assert refusal(blind.head_object, Bucket=bucket, Key="missing")[0] == 403
    assert refusal(seeing.head_object, Bucket=bucket, Key="missing")[0] == 404


def test_of_ec2_only_instances_with_the_tag_can_be_made_and_touched(
    aws: Callable[[str], Any], policed: Policed
) -> None:
    tags = {"StringEquals": {"aws:RequestTag/stack": "mine"}}
    ec2 = policed(
        allow("ec2:CreateSecurityGroup", "ec2:CreateTags", **tags),
        allow("ec2:DeleteSecurityGroup", StringEquals={"aws:ResourceTag/stack": "mine"}),
        allow("ec2:DescribeImages"),
    )("ec2")
    name = f"g-{uuid.uuid4().hex[:8]}"

    def make(client: Any, end: str, stack: str) -> str:
        specification = {"ResourceType": "security-group", "Tags": [{"Key": "stack", "Value": stack}]}
        asked = {"GroupName": name + end, "Description": "x", "TagSpecifications": [specification]}
        return str(client.create_security_group(**asked)["GroupId"])

    mine, other = make(ec2, "-mine", "mine"), make(aws("ec2"), "-other", "theirs")

    for call, asked in (
        (ec2.delete_security_group, {"GroupId": other}),
        (ec2.create_security_group, {"GroupName": f"{name}-bare", "Description": "x"}),
        (ec2.describe_instances, {}),
        (
            ec2.run_instances,
            {
                "ImageId": newest_debian(ec2)["ImageId"],
                "MinCount": 1,
                "MaxCount": 1,
                "InstanceType": "t3.nano",
            },
        ),
    ):
        assert refusal(call, **asked)[:2] == (403, "UnauthorizedOperation"), call
    ec2.delete_security_group(GroupId=mine)


def test_identity_is_told_whatever_the_policy_says(policed: Policed) -> None:
    client = policed({"Effect": "Deny", "Action": "*", "Resource": "*"})

    assert client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert refusal(client("ssm").describe_parameters)[:2] == (400, "AccessDeniedException")
    assert refusal(client("iam").list_users)[:2] == (403, "AccessDenied")


def test_a_file_that_is_no_policy_is_refused_with_its_name(
    localcloud: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"Statement": []}')

    made = localcloud_command("credentials", "--policy", str(file), run=Path(localcloud["LOCALCLOUD_RUN"]))

    assert (made.returncode, made.stdout) == (1, "")
    assert f'{file} holds no policy document: it has no "Statement"' in made.stderr


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a cloud of the test's own: whether IAM counts there counts for all."""
    run = tmp_path / "run"
    up = localcloud_command("up", "--iam", run=run)
    assert up.returncode == 0, up.stderr
    yield parse_env(localcloud_command("env", run=run).stdout) | {"LOCALCLOUD_RUN": str(run)}
    assert localcloud_command("down", run=run).returncode == 0


def test_iam_s_own_users_and_roles_are_held_to_their_policies_while_that_is_on(
    own_cloud: dict[str, str],
) -> None:
    with ExitStack() as closing:

        def client(service: str, **key: str) -> Any:
            made = client_of(own_cloud | key, service)
            closing.callback(made.close)
            return made

        iam, run = client("iam"), Path(own_cloud["LOCALCLOUD_RUN"])
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow("sqs:ListQueues")]})
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument="{}")
        iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=document)
        role = client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/reader", RoleSessionName="me")[
            "Credentials"
        ]
        key = {
            "AWS_ACCESS_KEY_ID": role["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
            "AWS_SESSION_TOKEN": role["SessionToken"],
        }
        sqs = client("sqs", **key)

        sqs.list_queues()
        assert refusal(sqs.create_queue, QueueName="q")[1] == "AccessDenied"
        assert localcloud_command("iam", "off", run=run).returncode == 0
        sqs.create_queue(QueueName="q")
        assert localcloud_command("iam", "on", run=run).returncode == 0
        assert refusal(sqs.delete_queue, QueueUrl="http://x/q")[1] == "AccessDenied"


def test_calls_tells_which_actions_a_key_used_on_which_resources(
    localcloud: dict[str, str], aws: Callable[[str], Any]
) -> None:
    key, name = new_key(localcloud), f"c-{uuid.uuid4().hex[:8]}"
    sqs, s3, ec2 = (client_of(key, service) for service in ("sqs", "s3", "ec2"))
    queue = sqs.create_queue(QueueName=name, tags={"stack": "mine"})["QueueUrl"]
    sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "x"}])
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a/ü", Body=b"x")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    ec2.describe_instances()
    with pytest.raises(ClientError):
        s3.head_object(Bucket=name, Key="missing")
    for client in (sqs, s3, ec2):
        client.close()

    listed = localcloud_command(
        "calls",
        *("--since", "1h", "--json", "--key", key["AWS_ACCESS_KEY_ID"]),
        run=Path(localcloud["LOCALCLOUD_RUN"]),
    )

    rows = json.loads(listed.stdout)
    assert [
        (row["service"], row["operation"], row["action"], row["resource"], row["status"]) for row in rows
    ] == [
        ("sqs", "CreateQueue", "sqs:CreateQueue", f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}", 200),
        ("sqs", "CreateQueue", "sqs:TagQueue", f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}", 200),
        ("sqs", "SendMessageBatch", "sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}", 200),
        ("s3", f"PUT /{name}", "s3:CreateBucket", f"arn:aws:s3:::{name}", 200),
        ("s3", f"PUT /{name}/a/%C3%BC", "s3:PutObject", f"arn:aws:s3:::{name}/a/ü", 200),
        ("s3", f"PUT /{name}?versioning", "s3:PutBucketVersioning", f"arn:aws:s3:::{name}", 200),
        ("ec2", "DescribeInstances", "ec2:DescribeInstances", "*", 200),
        ("s3", f"HEAD /{name}/missing", "s3:GetObject", f"arn:aws:s3:::{name}/missing", 404),
    ]
    assert rows[2]["context"]["aws:ResourceTag/stack"] == "mine"
    assert {row["access_key"] for row in rows} == {key["AWS_ACCESS_KEY_ID"]}
    assert {row["account"] for row in rows} == {ACCOUNT}
    assert {row["refused"] for row in rows} == {None}
    words = localcloud_command("calls", run=Path(localcloud["LOCALCLOUD_RUN"])).stdout
    assert f"sqs:SendMessage                          arn:aws:sqs:us-east-1:{ACCOUNT}:{name}" in words
    later = localcloud_command("calls", "--since", "2999-01-01", run=Path(localcloud["LOCALCLOUD_RUN"]))
    assert (later.returncode, later.stdout.strip()) == (0, "")
