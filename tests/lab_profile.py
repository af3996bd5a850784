"""The instance profile that a lab has, for a cloud that has none."""

from tests.localcloud_fixture import client_of


def make_profile(environment: dict[str, str]) -> None:
    """Make role and profile, unless they are there."""
    iam = client_of(environment, "iam")
    if "LabRole" not in [one["RoleName"] for one in iam.list_roles()["Roles"]]:
        iam.create_role(RoleName="LabRole", AssumeRolePolicyDocument="{}")
        iam.create_instance_profile(InstanceProfileName="LabInstanceProfile")
        iam.add_role_to_instance_profile(InstanceProfileName="LabInstanceProfile", RoleName="LabRole")
    iam.close()
