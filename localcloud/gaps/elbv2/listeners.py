"""Listeners of load balancers."""

from typing import Any

from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError, LoadBalancerNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeListener

from localcloud.gaps.elbv2.checks.actions import check_actions
from localcloud.gaps.elbv2.checks.refusals import invalid, require_number, require_one_of
from localcloud.gaps.elbv2.running import engine
from localcloud.gaps.elbv2.shapes import whole_action
from localcloud.gaps.patching import put_over

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MOST = 50


def mend() -> None:
    """Mend all gaps of listeners."""
    _a_new_one_is_checked()
    _a_changed_one_is_checked()
    _one_that_is_deleted_is_closed()


def _a_new_one_is_checked() -> None:
    """CreateListener refuses a port that is taken, and the same call again finds what it made.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
    moto lets several listen on one port.
    """
    create = ELBv2Backend.create_listener

    def create_listener(
        backend: ELBv2Backend,
        load_balancer_arn: str,
        protocol: str,
        port: str,
        ssl_policy: str,
        certificate: str | None,
        actions: list[dict[str, Any]],
        alpn_policy: list[str] | None = None,
        tags: list[dict[str, str]] | None = None,
    ) -> FakeListener:
        balancer = backend.load_balancers.get(load_balancer_arn)
        if balancer is None:
            raise LoadBalancerNotFoundError(f"Load balancer '{load_balancer_arn}' not found")
        require_one_of("Protocol", protocol, ("HTTP", "HTTPS"))
        number = require_number("Port", port, 1, 65_535)
        check_actions(backend, balancer, actions)
        whole = [whole_action(one) for one in actions]
        _check_certificate(backend, protocol, certificate)
        for found in balancer.listeners.values():
            if int(found.port) == number:
                if found.protocol == protocol and [one.data for one in found.default_actions] == whole:
                    return found
                raise DuplicateListenerError()
        if len(balancer.listeners) >= _MOST:
            raise ELBClientError("TooManyListeners", f"A load balancer has at most {_MOST} listeners.")
        made: FakeListener = create(
            backend, load_balancer_arn, protocol, port, ssl_policy, certificate, whole, alpn_policy, tags
        )
        engine.wake()
        return made

    put_over(ELBv2Backend, "create_listener", create_listener)


def _check_certificate(backend: ELBv2Backend, protocol: str, certificate: str | None) -> None:
    if protocol == "HTTP":
        if certificate:
            raise invalid("A certificate cannot be specified for HTTP listeners")
        return
    if not certificate:
        raise invalid("A certificate must be specified for HTTPS listeners")
    if ":acm:" not in certificate or not backend._certificate_exists(certificate):
        raise ELBClientError("CertificateNotFound", f"Certificate '{certificate}' not found")


def _a_changed_one_is_checked() -> None:
    """ModifyListener takes what CreateListener takes; moto takes any action and a port that is taken.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyListener.html
    """
    modify = ELBv2Backend.modify_listener

    def modify_listener(
        backend: ELBv2Backend,
        arn: str,
        port: str | None = None,
        protocol: str | None = None,
        ssl_policy: str | None = None,
        certificates: list[dict[str, Any]] | None = None,
        actions: list[dict[str, Any]] | None = None,
    ) -> FakeListener:
        listener = backend.describe_listeners(None, [arn])[0]
        balancer = backend.load_balancers[listener.load_balancer_arn]
        if actions:
            check_actions(backend, balancer, actions)
        if port is not None:
            number = require_number("Port", port, 1, 65_535)
            if any(int(one.port) == number for one in balancer.listeners.values() if one is not listener):
                raise DuplicateListenerError()
        if protocol is not None:
            require_one_of("Protocol", protocol, ("HTTP", "HTTPS"))
        whole = [whole_action(one) for one in actions or []]
        changed: FakeListener = modify(backend, arn, port, protocol, ssl_policy, certificates or [], whole)
        if changed.protocol == "HTTP":
            changed.certificate, changed.certificates = None, []
        engine.wake()
        return changed

    put_over(ELBv2Backend, "modify_listener", modify_listener)


def _one_that_is_deleted_is_closed() -> None:
    """DeleteListener ends it with its rules; moto closes no port, as it opened none.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteListener.html
    """
    delete = ELBv2Backend.delete_listener

    def delete_listener(backend: ELBv2Backend, listener_arn: str) -> FakeListener:
        found: FakeListener = delete(backend, listener_arn)
        engine.wake()
        return found

    put_over(ELBv2Backend, "delete_listener", delete_listener)
