"""Security groups that name each other, as the balancer's and that of its hosts do."""

import pytest
from ansible.module_utils.firewall.security_group import let_go, remove
from botocore.exceptions import ClientError

from tests.localcloud_fixture import client_of, new_key


def test_groups_that_name_each_other_let_go_and_keep_what_is_about_others(localcloud: dict[str, str]) -> None:
    ec2 = client_of(new_key(localcloud, account="730000000001"), "ec2")
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "jobfleet:stack", "Value": "mine"}]}]
    hosts, balancer = (
        ec2.create_security_group(GroupName=name, Description="x", TagSpecifications=tags)["GroupId"]
        for name in ("hosts", "balancer")
    )
    web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.7/32"}]}
    about = {**web, "UserIdGroupPairs": [{"GroupId": balancer, "Description": "From the balancer"}]}
    ec2.authorize_security_group_ingress(GroupId=hosts, IpPermissions=[ssh, about])
    about = {**web, "UserIdGroupPairs": [{"GroupId": hosts, "Description": "To its hosts"}]}
    ec2.authorize_security_group_egress(GroupId=balancer, IpPermissions=[about])

    for group in (balancer, hosts):
        with pytest.raises(ClientError, match="DependencyViolation"):
            ec2.delete_security_group(GroupId=group)
        let_go(ec2, group, {"jobfleet:stack": "mine"})

    told = {
        one["GroupId"]: one
        for one in ec2.describe_security_groups(GroupIds=[hosts, balancer])["SecurityGroups"]
    }
    assert [one["FromPort"] for one in told[hosts]["IpPermissions"]] == [22]
    egress = told[balancer]["IpPermissionsEgress"]
    assert [one for one in egress if one["UserIdGroupPairs"]] == []
    # Its first rule, which lets everything out, names nobody.
    assert len(egress) == 1
    for group in (hosts, balancer):
        remove(ec2, group)
    ec2.close()
