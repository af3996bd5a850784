"""The errors that a person can do something about."""


class LocalcloudError(Exception):
    """The message is one sentence that says what is wrong and what to do."""


class HostsUnavailableError(LocalcloudError):
    """Hosts cannot be booted here; everything but RunInstances still works."""


class BalancersUnavailableError(LocalcloudError):
    """Load balancers cannot listen here; everything but CreateLoadBalancer still works."""
