"""The security groups, who has which, and the way of SSH through them."""
