"""The security groups, and the way of SSH through them."""
