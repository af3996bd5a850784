"""The tags by which everybody knows a host of the fleet."""

# Told from a host that a playbook launched, and configures.
SCALED_TAG = "jobfleet:scaled"
# Of which group it is, by the inventory's name.
GROUP_TAG = "jobfleet:group"
# EC2 and Auto Scaling put these on by themselves:
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html
SCALING_GROUP_TAG = "aws:autoscaling:groupName"
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-templates.html
TEMPLATE_VERSION_TAG = "aws:ec2launchtemplate:version"
