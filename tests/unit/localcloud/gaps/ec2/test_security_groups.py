"""An instance's security groups and its interface's are the same, also after they were changed."""

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from localcloud.gaps.ec2 import instances


def test_an_instance_leaves_the_groups_that_others_take_the_place_of() -> None:
    instances.mend()
    with mock_aws():
        ec2 = boto3.Session("key", "secret", region_name="us-east-1").client("ec2")
        before, after = (
            ec2.create_security_group(GroupName=name, Description="x")["GroupId"] for name in ("a", "b")
        )
        image = ec2.describe_images()["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SecurityGroupIds=[before])
        ec2.modify_instance_attribute(InstanceId=made["Instances"][0]["InstanceId"], Groups=[after])

        ec2.delete_security_group(GroupId=before)
        with pytest.raises(ClientError, match="DependencyViolation"):
            ec2.delete_security_group(GroupId=after)
        ec2.close()
