"""The security group, and the way of SSH through it."""
