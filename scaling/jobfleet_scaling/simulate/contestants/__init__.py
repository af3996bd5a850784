"""Who decides: the policy that ships, those of others, and one that knows the future."""
