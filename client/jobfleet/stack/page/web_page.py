"""The page of a stack: where it is, the token that it asks for, and whether it answers."""

import http.client
import ssl
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from jobfleet_jobs.careful_json import parse
from jobfleet_jobs.protocol.aws_facts import error_code
from jobfleet_jobs.protocol.names import DESCRIPTION_KEY, WEB_ACCESS_KEY

from jobfleet.aws.account import Account
from jobfleet.aws.stack_description import WebAddress, read_description
from jobfleet.errors import NotDeployed
from jobfleet.stack.workers import DEPLOY

SECONDS = 3.0

_MAX_BYTES = 4_096

# What the page says to whoever brings no token.
_REALM = 'realm="jobfleet"'


@dataclass(frozen=True)
class WebPage:
    """Where the page is, at one address or more, and the token that opens it."""

    addresses: Sequence[WebAddress]
    token: str


def find_page(account: Account) -> WebPage:
    """Return the page of the stack. Raises `NotDeployed` if there is none, and AWS's errors."""
    stack = account.settings.stack
    description = read_description(account, account.bucket)
    if description is None:
        raise NotDeployed(
            f"whether the stack {stack} has a page is not known: {DESCRIPTION_KEY} in its bucket is not "
            f"there, or may not be read: run {DEPLOY}, or have s3:GetObject allowed"
        )
    if not description.web:
        raise NotDeployed(
            f"the stack {stack} has no page: set web_count: 1 in inventory/group_vars/all.yml (or "
            f"web_on_workers: true, to spare the instance), and run {DEPLOY}"
        )
    return WebPage(description.web, read_token(account))


def read_token(account: Account) -> str:
    """Return the token that the page asks for. Raises `NotDeployed` if there is none, and AWS's errors."""
    try:
        answer = account.s3.get_object(Bucket=account.bucket, Key=WEB_ACCESS_KEY)
    except ClientError as problem:
        if error_code(problem) != "NoSuchKey":
            raise
        raise NotDeployed(f"the page's token is gone: run {DEPLOY}, which makes another") from problem
    with closing(answer["Body"]) as body:
        data = body.read(_MAX_BYTES)
    try:
        token = parse(data)["token"]
    except (ValueError, TypeError, KeyError):
        token = None
    if not isinstance(token, str) or not token:
        raise NotDeployed(f"{WEB_ACCESS_KEY} in the bucket holds no token: run {DEPLOY}, which makes one")
    return token


def trouble_of(url: str, seconds: float = SECONDS) -> str:
    """Return why a page should not be opened, or an empty text. Nothing secret is sent for it.

    The address of an instance that was stopped may be another customer's by now. Nothing but a page of this
    project's asks for a token in this way, unless it means to.
    """
    try:
        status, challenge = _asked(url, seconds)
    except (OSError, http.client.HTTPException) as problem:
        return (
            f"{url} does not answer ({problem or type(problem).__name__}): its instance may be stopped (run "
            "ansible-playbook playbooks/start.yml, which tells its new address), or not let you in (web_from)"
        )
    if status >= http.client.INTERNAL_SERVER_ERROR:
        return f"{url} answers with {status}: it does not run as it should; run {DEPLOY}"
    if status != http.client.UNAUTHORIZED or _REALM not in challenge:
        return (
            f"{url} answers, and is no page of jobfleet that asks for its token: AWS may have given the "
            f"address to somebody else. Do not type the token there; run {DEPLOY}. If you let everybody in "
            "with web_open_to_all_without_token, open the page yourself"
        )
    return ""


def _asked(url: str, seconds: float) -> tuple[int, str]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection = (
        http.client.HTTPSConnection(host, port, timeout=seconds, context=_any_certificate())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=seconds)
    )
    with closing(connection):
        # Behind a balancer the page is under a path. Without the slash there, any host says who it is.
        path = f"{parts.path.rstrip('/')}/"
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("WWW-Authenticate", "")


def _any_certificate() -> ssl.SSLContext:
    """Take any certificate: one of the stack's own making is none that this machine could check."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
