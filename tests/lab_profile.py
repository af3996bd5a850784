"""The instance profile that a lab has, for a cloud that has none."""

from tests.localcloud_fixture import client_of

ROLE, PROFILE = "LabRole", "LabInstanceProfile"


def make_profile(environment: dict[str, str]) -> None:
    """Make role and profile, unless they are there. They stay: other tests of the cloud may use them."""
    iam = client_of(environment, "iam")
    if ROLE not in [one["RoleName"] for one in iam.list_roles()["Roles"]]:
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument="{}")
        iam.create_instance_profile(InstanceProfileName=PROFILE)
        iam.add_role_to_instance_profile(InstanceProfileName=PROFILE, RoleName=ROLE)
    iam.close()
