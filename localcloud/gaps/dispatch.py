"""The way of a request to its service."""

from functools import lru_cache

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from localcloud.gaps.patching import put_over


def mend() -> None:
    """Mend all gaps of the way to a service."""
    _a_host_leads_to_the_same_service_each_time()


def _a_host_leads_to_the_same_service_each_time() -> None:
    """AWS has a host for each service. moto finds out whose a host is anew with each request.

    It looks at each of its two hundred folders to do so, which takes a fifth of a small request's time.
    """
    found = lru_cache(maxsize=1_000)(DomainDispatcherApplication.get_backend_for_host)
    put_over(DomainDispatcherApplication, "get_backend_for_host", found)
