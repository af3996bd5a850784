"""The endpoint for statistics of numbers: as text, JSON, CSV, or a form."""

from jobfleet_jobs.credentials.redaction import shown
from multipart import parse_options_header
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jobfleet_web.api.answering import Answering, Ticket
from jobfleet_web.api.upload import Uploading, query_fields
from jobfleet_web.door.head import Head
from jobfleet_web.problems import Problem, told
from jobfleet_web.settings import WebSettings
from jobfleet_web.uploads.intake import Intake
from jobfleet_web.uploads.numbers_json import JSON_MAX_BYTES, read_numbers
from jobfleet_web.uploads.parameters import checked_parameters, read_parameters, typed_parameters
from jobfleet_web.uploads.preferences import Dialect, idempotency_key, preferences
from jobfleet_web.work.work import Work

OPERATION = "stats"

JSON, TEXTS, FORM = "application/json", ("text/plain", "text/csv"), "multipart/form-data"


def routes(work: Work, settings: WebSettings, intake: Intake, answering: Answering) -> list[Route]:
    """Return the endpoint."""
    uploading = Uploading(work, settings, intake, answering)
    most = settings.max_input_bytes

    async def stats(request: Request) -> Response:
        """Tell about numbers; answered as an upload of one file."""
        kind = parse_options_header(request.headers.get("content-type", ""))[0]
        if kind == FORM:
            ticket = await uploading.take(request, {"operation": OPERATION})
        elif kind == JSON or kind in TEXTS:
            ticket = await _take(request, kind, min(most, JSON_MAX_BYTES) if kind == JSON else most)
        else:
            raise Problem(
                415, "not-numbers", f"the body is {shown(kind)}",
                mend=f"Give Content-Type as {', '.join(TEXTS)}, {JSON} or {FORM}: "
                "curl -H 'Content-Type: text/plain' --data-binary '1 2 3'.",
                more={"value": told(kind)},
            )  # fmt: skip
        return await answering.answer(request, ticket)

    async def _take(request: Request, kind: str, most: int) -> Ticket:
        head = Head.of(request.scope)
        key, preferred = idempotency_key(head.all("idempotency-key")), preferences(head.all("prefer"))
        operation = await work.operation(OPERATION)
        texts = query_fields(request, {})
        parameters = read_parameters(operation, texts)
        async with intake.file(request, kind, most) as incoming:
            if kind == JSON:
                numbers, beside = read_numbers(incoming.data)
                parameters |= typed_parameters(operation, beside)
                await incoming.replace(numbers.encode())
            checked = checked_parameters(operation, parameters)
            uploads = await incoming.uploads(operation, checked)
            submitted = await work.submit(uploads, batch=None, key=key, sender=head.sender)
        return Ticket(submitted.batch, submitted.job_ids, Dialect.JSON, preferred)

    return [Route("/api/v1/stats", stats, methods=["POST"])]
