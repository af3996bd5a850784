"""What a load balancer answers itself: fixed answers, redirects, its pages for errors, and its cookies."""

import hashlib
import re
from collections.abc import Iterator
from http import HTTPStatus

from localcloud.balancers.haproxy.matching import quoted
from localcloud.balancers.model import Balancer, FixedAnswer, Listener, Redirect

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
_COOKIE_SECONDS = 604_800

_PLACEHOLDER = re.compile(r"#\{(protocol|host|port|path|query)\}")


def fixed_lines(files: dict[str, str], action: FixedAnswer, chosen: str) -> Iterator[str]:
    """Yield how a fixed answer is given."""
    words = f"http-request return status {action.status}"
    if action.body:
        name = f"{hashlib.sha256(action.body.encode()).hexdigest()[:16]}.body"
        files[name] = action.body
        kind = quoted(f"{action.content_type}; charset=utf-8")
        words += f" content-type {kind} file {name}"
    yield f"{words} {chosen}"


def redirect_lines(action: Redirect, balancer: Balancer, listener: Listener, chosen: str) -> Iterator[str]:
    """Yield how a redirect is given: with a query, and without one where there is none.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html
    """
    samples = {
        "protocol": "https" if listener.certificates else "http",
        "host": "%[req.hdr(host),field(1,:)]",
        "port": str(listener.port),
        "path": "%[path,regsub(^/,)]",
        "query": "%[query]",
    }

    def written(text: str) -> str:
        """Return a part in HAProxy's format: a percent sign stands for itself where it is doubled."""
        parts = _PLACEHOLDER.split(text)
        return "".join(
            samples[part] if index % 2 else part.replace("%", "%%") for index, part in enumerate(parts)
        )

    protocol = action.protocol.lower() if action.protocol.isupper() else action.protocol
    place = f"{written(protocol)}://{written(action.host)}:{written(action.port)}{written(action.path)}"
    words = f"http-request redirect code {action.status} location"
    query = written(action.query)
    if not query:
        yield f"{words} {quoted(place)} {chosen}"
        return
    if action.query == "#{query}":
        yield f"{words} {quoted(place)} {chosen} !{{ query -m found }}"
    yield f"{words} {quoted(f'{place}?{query}')} {chosen}"


def page_file(files: dict[str, str], status: int, *, whole: bool = True) -> str:
    """Return the file with the page of an error, `whole` with its head."""
    title = f"{status} {HTTPStatus(status).phrase}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    head = f"HTTP/1.1 {title}\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
    name = f"{status}.{'http' if whole else 'html'}"
    files[name] = head + page if whole else page
    return name


def cookie_of(name: str, sample: str, seconds: int) -> Iterator[str]:
    """Yield the two cookies of a kind that ALB sets, for pages of the same site and of others."""
    value = f"%[{sample}]_%[date({seconds})]; Expires=%[date({_COOKIE_SECONDS}),http_date]; Path=/"
    yield quoted(f"{name}={value}")
    yield quoted(f"{name}CORS={value}; SameSite=None; Secure")
