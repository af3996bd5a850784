"""Tags of load balancers, target groups, listeners and rules.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddTags.html
"""

from collections.abc import Iterator

from moto.core.resource_tagging import TaggedResource
from moto.elbv2.exceptions import TooManyTagsError
from moto.elbv2.models import ELBv2Backend

from localcloud.gaps.patching import put_over

_MOST = 50


def mend() -> None:
    """Mend all gaps of tags."""
    put_over(ELBv2Backend, "add_tags", _add_tags)
    _what_is_not_there_has_no_tags()
    _listeners_and_rules_are_found_by_tags()


def _add_tags(backend: ELBv2Backend, resource_arns: list[str], tags: list[dict[str, str]]) -> None:
    """A resource may have 50 tags; moto counts ten, and not all of one call."""
    service = backend.tagging_service
    for arn in resource_arns:
        backend._get_resource_by_arn(arn)
        if len({*service.get_tag_dict_for_resource(arn), *(one["Key"] for one in tags)}) > _MOST:
            raise TooManyTagsError()
        service.tag_resource(arn, tags)


def _what_is_not_there_has_no_tags() -> None:
    """DescribeTags refuses a resource that there is not. moto says that it has none.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
    """
    describe = ELBv2Backend.describe_tags

    def describe_tags(backend: ELBv2Backend, resource_arns: list[str]) -> dict[str, dict[str, str]]:
        for arn in resource_arns:
            backend._get_resource_by_arn(arn)
        found: dict[str, dict[str, str]] = describe(backend, resource_arns)
        return found

    put_over(ELBv2Backend, "describe_tags", describe_tags)


def _listeners_and_rules_are_found_by_tags() -> None:
    """GetResources finds tagged listeners and rules too; moto finds load balancers and target groups.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    iterate = ELBv2Backend.iter_tagged_resources

    def iter_tagged_resources(backend: ELBv2Backend) -> Iterator[TaggedResource]:
        yield from iterate(backend)
        for balancer in list(backend.load_balancers.values()):
            for listener in list(balancer.listeners.values()):
                for kind, arn in (
                    ("listener", listener.arn),
                    *(("listener-rule", rule.arn) for rule in listener.rules.values()),
                ):
                    tags = backend.tagging_service.get_tag_dict_for_resource(arn)
                    yield TaggedResource(arn=arn, tags=tags, resource_type=f"elasticloadbalancing:{kind}/app")

    put_over(ELBv2Backend, "iter_tagged_resources", iter_tagged_resources)
