"""The addresses of the page: `/`, a batch's own, and the files that it is made of."""

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jobfleet.stack.offered_operations import Offers
from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.durations import duration
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.version import __version__
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from jobfleet_web.links import link
from jobfleet_web.model import BatchView
from jobfleet_web.pages import form_fields, job_rows, scaling_picture
from jobfleet_web.pages.static_files import read_static_files
from jobfleet_web.problems import Problem
from jobfleet_web.uploads.form import NUMBERS_FIELD

TEMPLATES = Path(__file__).parent / "templates"

# The table without JavaScript shows so many jobs at a time, with a link to the next.
ROWS_MAX = 200

# Such a table is fetched again by itself after so many seconds while something is under way.
REFRESH_SECONDS = 5


class PageWork(Protocol):
    """What the page needs of the rooms below."""

    async def latest(self, batch_id: str, after: str, limit: int) -> BatchView:
        """Return a part of a batch, the latest try of each job. Raises `Problem`."""

    async def operations(self) -> Any:
        """Return what the live workers offer, as the client's `Offers`. Raises `Problem`."""

    async def scaling(self) -> Mapping[str, Any]:
        """Return how the fleet scales, as the API tells it. Raises `Problem`."""


def page_routes(work: PageWork) -> list[Route]:
    """Return the routes of the page."""
    return Pages(work).routes()


class Pages:
    """The page's endpoints."""

    def __init__(self, work: PageWork) -> None:
        self._work = work
        self._static = read_static_files()
        loader = FileSystemLoader(TEMPLATES)
        # Everything that is put into a page is escaped, whatever it is: names come from strangers.
        self._templates = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.filters["duration"] = duration

    def routes(self) -> list[Route]:
        """Return their routes."""
        return [
            Route("/", self.start, methods=["GET"]),
            Route("/batches/{id}", self.batch, methods=["GET"]),
            Route("/scaling", self.scaling, methods=["GET"]),
            Route("/static/{file}", self.static, methods=["GET"]),
        ]

    async def start(self, request: Request) -> Response:
        """Show the form, and nothing sent yet."""
        return HTMLResponse(await self._page(request))

    async def batch(self, request: Request) -> Response:
        """Show a batch. The page itself comes even if the batch cannot be read: it tries again by itself."""
        batch_id, after = request.path_params["id"], request.query_params.get("after", "")
        try:
            checked = str(uuid.UUID(batch_id))
            view = await self._work.latest(checked, after, ROWS_MAX)
        except ValueError:
            problem = Problem(
                404, "unknown-batch", f"there is no batch {shown(batch_id)}",
                mend="Check the address: a batch's ends in 36 characters such as 0198a0b2-….",
            )  # fmt: skip
            return HTMLResponse(await self._page(request, problem=problem), problem.status)
        except Problem as problem:
            page = await self._page(request, batch_id=checked, problem=problem)
            return HTMLResponse(page, problem.status, headers=problem.headers)
        return HTMLResponse(await self._page(request, batch_id=checked, view=view))

    async def scaling(self, request: Request) -> Response:
        """Show how the fleet scales, and how it did in the last hours."""
        page = self._templates.get_template("scaling.html")
        try:
            found = await self._work.scaling()
        except Problem as problem:
            text = page.render(base=link(""), version=__version__, problem=problem)
            return HTMLResponse(text, problem.status, headers=problem.headers)
        return HTMLResponse(page.render(
            base=link(""), version=__version__, problem=None, found=found, numbers=scaling_picture.DECIDED,
            picture=scaling_picture.picture_of(found["history"]),
            rows=scaling_picture.rows_of(found["history"]),
        ))  # fmt: skip

    async def static(self, request: Request) -> Response:
        """Send a part of the page."""
        found = self._static.get(request.path_params["file"])
        if found is None:
            raise Problem(
                404, "not-found", f"there is no {shown(request.url.path)}", mend="load the page again"
            )
        if found.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=found.headers)
        return Response(found.data, headers=found.headers)

    async def _page(
        self,
        request: Request,
        *,
        batch_id: str = "",
        view: BatchView | None = None,
        problem: Problem | None = None,
    ) -> str:
        offers = await self._offers()
        offerings = form_fields.offerings(_operations(offers))
        operation = form_fields.chosen(offerings, request.query_params.get("operation", ""))
        under_way = view is not None and job_rows.is_under_way(view)
        return self._templates.get_template("page.html").render(
            base=link(""), version=__version__, modules=self._modules(), offerings=offerings,
            operation=operation, fields=form_fields.fields_of(operation), numbers_field=NUMBERS_FIELD,
            batch_id=batch_id, problem=problem, view=view,
            rows=job_rows.rows_of(view) if view else (), summary=job_rows.summary(view) if view else "",
            refresh=REFRESH_SECONDS if under_way else 0, next_hosts=bool(offers and offers.image),
        )  # fmt: skip

    def _modules(self) -> Sequence[str]:
        return [name for name in self._static if name.endswith(".js") and name != "scaling.js"]

    async def _offers(self) -> Offers | None:
        """Return what is on offer; None if nobody can say."""
        try:
            offers = await self._work.operations()
        except Problem:
            return None
        return offers if offers.live or offers.image else None


def _operations(offers: Offers | None) -> Mapping[str, Operation] | None:
    """Return the operations on offer by name; None if nobody can say: all may be tried then."""
    return None if offers is None else {name: one.operation for name, one in offers.offered.items()}
