"""Problems as answers: problem+json for programs, a plain page for a browser without JavaScript."""

import json
from html import escape

from jobfleet_jobs.credentials.redaction import cut, shown
from starlette.responses import Response

from jobfleet_web.links import link
from jobfleet_web.problems import MEDIA_TYPE, Problem

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} - jobfleet</title></head>
<body><main><h1>{title}</h1><p>{detail}</p>{mend}<p><a href="{start}">Back to the page</a></p></main></body>
</html>
"""


def problem_response(problem: Problem, *, as_page: bool = False) -> Response:
    """Return the answer that tells a problem."""
    headers = {**problem.headers, "Cache-Control": "no-store"}
    if as_page:
        body = problem.to_json()
        page = _PAGE.format(
            title=escape(str(body["title"])), detail=escape(problem.detail),
            mend=f"<p>{escape(problem.mend)}</p>" if problem.mend else "", start=escape(link("/")),
        )  # fmt: skip
        return Response(page, problem.status, headers, "text/html")
    text = json.dumps(problem.to_json(), ensure_ascii=False)
    return Response(text.encode("utf-8", "replace"), problem.status, headers, MEDIA_TYPE)


def unforeseen() -> Problem:
    """Return what a sender is told of a mistake of ours: nothing that is not for everybody."""
    return Problem(
        500, "unforeseen", "something went wrong here that should not have",
        mend="Send it again. If it happens again, the host's journal says what it was: "
        "`journalctl -u jobfleet-web`.",
    )  # fmt: skip


def no_such_path(path: str) -> Problem:
    """Return what is told of a path that there is not."""
    return Problem(
        404, "not-found", f"there is nothing at {shown(path, 200)}",
        mend=f"{link('/api/v1/openapi.json')} lists what there is; the page is at {link('/')}.",
    )  # fmt: skip


def wrong_method(method: str, path: str, allowed: str) -> Problem:
    """Return what is told of a method that a path does not take."""
    return Problem(
        405, "wrong-method", f"{shown(path, 200)} takes no {cut(method, 20)}", mend=f"It takes {allowed}."
    ).with_headers(Allow=allowed)
