"""The instance metadata service of the hosts: version 2, keys for the role, and nobody else's business."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud_fixture import Hosts, client_of
from tests.patience import wait_for

ASK = """python3 - <<'end'
import json, os, urllib.error, urllib.request
def ask(method, path, **headers):
    url = os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] + "latest/" + path
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=headers)) as answer:
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, ""]
def token(seconds="60"):
    return ask("PUT", "api/token", X_aws_ec2_metadata_token_ttl_seconds=seconds)
def get(path):
    return ask("GET", "meta-data/" + path, X_aws_ec2_metadata_token=token()[1])
%s
end"""
CREDENTIALS = "iam/security-credentials/"


@dataclass
class Machine:
    """A running instance."""

    hosts: Hosts
    instance: str
    address: str

    def ask(self, *expressions: str) -> list[Any]:
        """Return what Python expressions come to on the host."""
        program = f"print(json.dumps([{', '.join(expressions)}]))"
        found: list[Any] = json.loads(self.hosts.ssh(self.address, ASK % program))
        return found


@pytest.fixture(scope="module")
def profile(aws: Callable[[str], Any]) -> str:
    """An instance profile with a role."""
    iam, name = aws("iam"), f"profile-{uuid.uuid4().hex[:8]}"
    iam.create_role(RoleName="worker-role", AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="worker-role")
    return name


@pytest.fixture(scope="module")
def machines(hosts: Hosts, profile: str) -> Iterator[list[Machine]]:
    """Two machines of one request, both with a profile."""
    ids = hosts.run(2, IamInstanceProfile={"Name": profile})
    yield [Machine(hosts, one, hosts.wait(one, "running")["PublicIpAddress"]) for one in ids]
    hosts.end(*ids)


def test_every_machine_of_a_request_is_told_who_it_is(machines: list[Machine]) -> None:
    for machine in machines:
        told = machine.ask(
            *(
                f"get({name!r})"
                for name in (
                    "instance-id",
                    "public-ipv4",
                    "placement/region",
                    "placement/availability-zone",
                    "placement/",
                    CREDENTIALS,
                    "nothing",
                )
            )
        )

        zone = machine.hosts.describe(machine.instance)["Placement"]["AvailabilityZone"]
        assert told == [
            [200, machine.instance],
            [200, machine.address],
            [200, "us-east-1"],
            [200, zone],
            [200, "availability-zone\nregion"],
            [200, "worker-role"],
            [404, ""],
        ]


def test_without_a_good_token_nothing_is_told(machines: list[Machine]) -> None:
    none, forged, endless, unsaid, proxied = machines[0].ask(
        'ask("GET", "meta-data/instance-id")',
        'ask("GET", "meta-data/instance-id", X_aws_ec2_metadata_token="forged")',
        'token("21601")',
        'ask("PUT", "api/token")',
        'ask("PUT", "api/token", X_aws_ec2_metadata_token_ttl_seconds="60", X_Forwarded_For="10.0.0.1")',
    )

    assert [none[0], forged[0], endless[0], unsaid[0], proxied[0]] == [401, 401, 400, 400, 403]


def test_a_token_dies_after_its_time(machines: list[Machine]) -> None:
    machine = machines[0]
    [[_, token]] = machine.ask('token("1")')
    look = f'ask("GET", "meta-data/instance-id", X_aws_ec2_metadata_token={token!r})'

    wait_for(lambda: machine.ask(look) == [[401, ""]], 10)


def test_the_role_s_keys_are_taken_by_the_cloud_and_speak_for_the_instance(
    machines: list[Machine], localcloud: dict[str, str]
) -> None:
    first, again, other_s = (
        json.loads(machine.ask(f"get({CREDENTIALS + 'worker-role'!r})")[0][1])
        for machine in (machines[0], machines[0], machines[1])
    )

    assert (first["Code"], first["Type"], first) == ("Success", "AWS-HMAC", again)
    assert first["AccessKeyId"] != other_s["AccessKeyId"]
    sts = client_of(localcloud | environment_of(first), "sts")
    arn = sts.get_caller_identity()["Arn"]
    sts.close()
    assert arn == f"arn:aws:sts::123456789012:assumed-role/worker-role/{machines[0].instance}"


def environment_of(keys: dict[str, str]) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["Token"],
    }


def test_services_and_sudo_on_the_host_find_it_too(machines: list[Machine]) -> None:
    machine = machines[0]
    show = "sh -c 'echo $AWS_EC2_METADATA_SERVICE_ENDPOINT'"

    found = {
        machine.hosts.ssh(machine.address, command)
        for command in (show, f"sudo {show}", f"sudo systemd-run --quiet --pipe --wait {show}")
    }

    assert len(found) == 1
    assert found.pop().startswith(f"http://{machine.address}:")


def test_a_neighbour_and_the_machine_itself_are_told_nothing(machines: list[Machine]) -> None:
    one, other = machines
    endpoint = one.hosts.ssh(one.address, "echo $AWS_EC2_METADATA_SERVICE_ENDPOINT")
    environment = f'os.environ.update(AWS_EC2_METADATA_SERVICE_ENDPOINT="{endpoint}")'

    assert other.ask(environment, "token()")[1][0] == 403
    assert one.ask(environment, "token()")[1][0] == 200


def test_a_machine_without_a_profile_has_no_keys_until_it_is_given_one(hosts: Hosts, profile: str) -> None:
    [instance] = hosts.run(MetadataOptions={"HttpTokens": "optional", "InstanceMetadataTags": "enabled"})
    machine = Machine(hosts, instance, hosts.wait(instance, "running")["PublicIpAddress"])
    assert machine.ask(f"get({CREDENTIALS!r})", 'ask("GET", "meta-data/instance-id")') == [
        [404, ""],
        [200, instance],
    ]

    hosts.ec2.associate_iam_instance_profile(InstanceId=instance, IamInstanceProfile={"Name": profile})

    assert machine.ask(f"get({CREDENTIALS!r})") == [[200, "worker-role"]]
    hosts.ec2.modify_instance_metadata_options(InstanceId=instance, HttpEndpoint="disabled")
    assert machine.ask("token()")[0][0] == 403
    hosts.end(instance)


def test_a_profile_that_does_not_exist_is_refused(hosts: Hosts) -> None:
    with pytest.raises(ClientError, match="nobody-s") as refused:
        hosts.run(IamInstanceProfile={"Name": "nobody-s"})

    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
