"""`jobfleet bench http`: load for web addresses."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from jobfleet.cli.commands.bench.load_options import LoadCommand, scenario_of, with_load_options
from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.option_values import complete_files
from jobfleet.errors import BadInput, Unreachable

if TYPE_CHECKING:
    from jobfleet.bench.balancer import BenchBalancer
    from jobfleet.bench.engine.http_target import HttpTarget
    from jobfleet.bench.run import PhaseRun

REQUESTS, WARM_UP = 1_000, 10
_URLS_MAX = 10
_BODY_MAX_BYTES = 8 * 1024 * 1024
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)[ \t]*")


@click.command(
    cls=LoadCommand,
    epilog=examples(
        "jobfleet bench http http://203.0.113.7/cluster1/whoami http://203.0.113.7/cluster2/whoami",
        "jobfleet bench http http://203.0.113.7/cluster1 --rate 200 --duration 60 --plots plots/",
        "jobfleet bench http http://203.0.113.7/cluster1 --scenario assignment --clients 1 --cloudwatch",
        "jobfleet bench http http://203.0.113.7/cluster1/work?rounds=20000 --token-from-stack",
    ),
)
@click.argument("urls", nargs=-1, metavar="URL...")
@with_load_options("--clients", REQUESTS, WARM_UP)
@click.option("--method", default="GET", show_default=True, metavar="NAME", help="The method of a request.")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'",
              help="A header of each request. Can be given several times.")  # fmt: skip
@click.option("--body", metavar="FILE", help="Send this file as the body.", shell_complete=complete_files)
@click.option("--token-from-stack", is_flag=True,
              help="Send the token of the stack's page; only to addresses of that stack.")  # fmt: skip
@click.option("--share-by", default="instance", show_default=True, metavar="NAME",
              help="The JSON field or header of an answer that says who gave it.")  # fmt: skip
@click.option("--new-connections", is_flag=True, help="Connect anew for each request.")
@click.option("--cacert", metavar="FILE", help="Trust the certificates in FILE, and no others.",
              shell_complete=complete_files)  # fmt: skip
@click.option("--cloudwatch", is_flag=True,
              help="Wait for CloudWatch's figures of the balancer, 5 min at most; show them.")  # fmt: skip
@with_shared_options()
def http(invocation: Invocation, urls: tuple[str, ...], **options: Any) -> None:
    """Send requests to each URL and report times, failures, throughput and who answered.

    With several URLs, each phase goes to one after the other, and they are compared. A verdict is given
    only if the confidence intervals have nothing in common.

    --timeout is how long to wait for an answer [default: 10]. Redirects are not followed, so nothing is sent
    to a host that is not in a URL. An answer succeeds with a status of 200 to 299.

    After Ctrl-C the report tells what was measured so far.
    """
    from jobfleet.bench.needs import require_packages

    _check_urls(urls)
    request = _request(invocation, options)
    scenario = scenario_of(options, REQUESTS, WARM_UP)
    require_packages()
    from jobfleet.bench.engine.http_target import HttpRequest, HttpTarget
    from jobfleet.cli.commands.bench.carry_out import carry_out

    headers = dict(request.pop("headers"))
    if options["token_from_stack"]:
        headers["Authorization"] = f"Bearer {_token(invocation, urls)}"
    if "authorization" in map(str.lower, headers) and any(urlsplit(url).username for url in urls):
        raise click.UsageError("A URL has a name or password in it: leave that or the token out.")
    balancers = _balancers(invocation, urls) if options["cloudwatch"] else []
    try:
        targets = [HttpTarget(HttpRequest(url, headers=headers, **request)) for url in urls]
    except ValueError as problem:  # aiohttp's own reader of URLs is stricter
        raise click.BadParameter(str(problem), param_hint="URL") from problem
    begun = datetime.now(UTC)
    for target in targets:
        _try(invocation, target)
    extra = (scenario.warm_up + 1) * len(targets)
    adding = (lambda runs: _cloudwatch(invocation, balancers, runs, begun, extra)) if balancers else None
    carry_out(invocation, scenario, targets, options, adding)


def _check_urls(urls: Sequence[str]) -> None:
    if not 1 <= len(urls) <= _URLS_MAX:
        raise click.UsageError(f"Give 1 to {_URLS_MAX} URLs to send requests to.")
    for url in urls:
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good or not url.isascii() or not url.isprintable() or " " in url:
            raise click.BadParameter(
                f"{url!r} is no URL; http://203.0.113.7/cluster1 is one", param_hint="URL"
            )
    if len(set(urls)) < len(urls):
        raise click.UsageError("Give each URL once; --rounds measures again.")


def _request(invocation: Invocation, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what each request is made of but its URL. Raises `BadInput` and click's errors."""
    if not re.fullmatch(r"[A-Z]{1,20}", options["method"]):
        raise click.BadParameter(f"{options['method']!r} is no method; GET is one", param_hint="--method")
    headers = {}
    for word in options["headers"]:
        found = _HEADER.fullmatch(word)
        if not found:
            # The value may be a secret.
            raise click.BadParameter("give each as 'Name: value', in ASCII", param_hint="--header")
        headers[found[1]] = found[2]
    if not invocation.timeout:
        raise click.BadParameter("an answer needs more than 0 seconds", param_hint="--timeout")
    return {
        "headers": headers, "method": options["method"], "timeout": invocation.timeout,
        "body": _file(options["body"], "--body"), "share_by": options["share_by"],
        "new_connections": options["new_connections"], "certificates": _trusted(options["cacert"]),
    }  # fmt: skip


def _file(name: str | None, option: str) -> bytes | None:
    if name is None:
        return None
    try:
        with Path(name).open("rb") as file:
            data = file.read(_BODY_MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        raise BadInput(f"{option} {name}: it cannot be read: {problem}") from problem
    if len(data) > _BODY_MAX_BYTES:
        raise BadInput(f"{option} {name}: it has more than {_BODY_MAX_BYTES:,} bytes; send a smaller one")
    return data


def _trusted(name: str | None) -> str | None:
    if name is None:
        return None
    import ssl

    try:
        ssl.create_default_context(cafile=name)
    except (OSError, ValueError) as problem:
        raise BadInput(f"--cacert {name}: no certificates can be read from it: {problem}") from problem
    return name


def _token(invocation: Invocation, urls: Sequence[str]) -> str:
    """Return the stack's token, if all URLs are addresses of the stack's. Raises `BadInput`."""
    from jobfleet.aws.stack_description import read_description
    from jobfleet.bench.balancer import find_balancer
    from jobfleet.stack.page.web_page import read_token

    account = invocation.account()
    token = read_token(account)
    description = read_description(account, account.bucket)
    own = {urlsplit(one.url).hostname for one in description.web} if description else set()
    for url in urls:
        if urlsplit(url).hostname in own:
            continue
        balancer = find_balancer(account, url)
        if balancer is None or balancer.stack != account.settings.stack:
            raise BadInput(
                f"{urlsplit(url).hostname} is no address of the stack {account.settings.stack}, so its token "
                "is not sent there: give an address that `jobfleet status` or `jobfleet web` shows"
            )
    return token


def _balancers(invocation: Invocation, urls: Sequence[str]) -> "list[BenchBalancer]":
    from jobfleet.bench.balancer import find_balancer

    account = invocation.account()
    found = {url: find_balancer(account, url) for url in urls}
    for url, balancer in found.items():
        if balancer is None:
            raise BadInput(
                f"--cloudwatch: no load balancer of this account and region has the address "
                f"{urlsplit(url).hostname}; leave out --cloudwatch, or give another --region"
            )
    return list({one.arn: one for one in found.values() if one}.values())


def _try(invocation: Invocation, target: "HttpTarget") -> None:
    """Send one request before all others. Raises `Unreachable` if there is nobody to answer."""
    from jobfleet.bench.engine.samples import OK
    from jobfleet.bench.run import try_once

    with invocation.output.waiting(f"trying {target.name}"):
        reply = try_once(target)
    if reply.kind == OK:
        return
    if reply.kind.startswith("status "):
        invocation.output.say(f"note: {target.name} answers with {reply.kind}, which counts as failed")
    else:
        raise Unreachable(f"{target.name} cannot be reached, so nothing was measured: {reply.kind}")


def _cloudwatch(
    invocation: Invocation,
    balancers: "Sequence[BenchBalancer]",
    runs: "Sequence[PhaseRun]",
    begun: datetime,
    extra: int,
) -> Mapping[str, Any] | None:
    """Return what CloudWatch tells of the balancers; None if somebody does not want to wait for it.

    `extra` requests were sent since `begun`, besides those of `runs`.
    """
    import time

    from jobfleet.bench.balancer import read_figures

    class Now:
        sleep = staticmethod(time.sleep)

        @staticmethod
        def now() -> datetime:
            return datetime.now(UTC)

    cloudwatch, ended = invocation.account().cloudwatch, Now.now()
    # An answer with an error may be the balancer's own, which `RequestCount` leaves out.
    answered = sum(run.samples.kind_counts().get("ok", 0) for run in runs)
    # Which of several balancers got how many is not known; each is asked until it has some.
    wanted = answered + extra if len(balancers) == 1 else 1
    try:
        with invocation.output.waiting("waiting for CloudWatch, 5 min at most; Ctrl-C goes on without"):
            found = [
                {"name": one.dimension, **read_figures(cloudwatch, one, begun, ended, wanted, Now())}
                for one in balancers
            ]
    except KeyboardInterrupt:
        invocation.output.say("note: CloudWatch was not waited for, so its figures are missing")
        return None
    return {"balancers": found}
