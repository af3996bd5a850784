"""The page of a stack: where it is, the token that it asks for, and the balancer before it."""
