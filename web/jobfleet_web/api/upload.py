"""The endpoint for uploads: files in a multipart form, for pages, programs and load generators alike."""

from collections.abc import Mapping

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.protocol.ids import is_job_id
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jobfleet_web.api.answering import Answering, Ticket
from jobfleet_web.door.head import Head
from jobfleet_web.links import link
from jobfleet_web.problems import Problem, told
from jobfleet_web.settings import WebSettings
from jobfleet_web.uploads.form import NUMBERS_FIELD, add_field
from jobfleet_web.uploads.intake import Incoming, Intake
from jobfleet_web.uploads.parameters import checked_parameters, named_operation, read_parameters
from jobfleet_web.uploads.preferences import Dialect, dialect, idempotency_key, preferences
from jobfleet_web.work.work import Work

# Fields that are no parameters of an operation.
OWN_FIELDS = ("operation", "batch")

# What load generators want done, where the settings name nothing else.
_DEFAULT_OPERATION = "classify"


def routes(work: Work, settings: WebSettings, intake: Intake, answering: Answering) -> list[Route]:
    """Return the endpoint, under its own path and at the root, where some load generators send."""
    upload = Uploading(work, settings, intake, answering).upload
    return [Route(path, upload, methods=["POST"], name=f"upload {path}") for path in ("/api/v1/upload", "/")]


class Uploading:
    """Takes uploads."""

    def __init__(self, work: Work, settings: WebSettings, intake: Intake, answering: Answering) -> None:
        self._work, self._settings = work, settings
        self._intake, self._answering = intake, answering

    async def upload(self, request: Request) -> Response:
        """Take files and answer when they are done, or earlier if the sender prefers that."""
        return await self._answering.answer(request, await self.take(request, {}))

    async def take(self, request: Request, fixed: Mapping[str, str]) -> Ticket:
        """Submit what a form brings; `fixed` are fields that the endpoint itself gives.

        When it returns, the bodies are no longer in memory, and every job is in the bucket and the queue.
        """
        head = Head.of(request.scope)
        key = idempotency_key(head.all("idempotency-key"))
        given = query_fields(request, fixed)

        async def check_early(fields: Mapping[str, str]) -> None:
            both = _merged(given, fields)
            _batch(both)
            if both.get("operation"):
                read_parameters(await self._operation(both["operation"]), both, OWN_FIELDS)

        await check_early({})
        async with self._intake.form(request, check_early) as incoming:
            fields = _merged(given, incoming.form.fields)
            return await self._submit(head, key, incoming, fields)

    async def _submit(
        self, head: Head, key: str | None, incoming: Incoming, fields: Mapping[str, str]
    ) -> Ticket:
        files = incoming.form.files
        if not files:
            raise _no_file(fields.get("operation", ""))
        preferred = preferences(head.all("prefer"))
        how = dialect([file.field for file in files], head.all("accept"), preferred)
        batch = _batch(fields)
        if how is not Dialect.JSON and batch:
            how = how if how is Dialect.PAGE else Dialect.JSON
        operation = await self._operation(fields.get("operation") or await self._default(how))
        parameters = checked_parameters(operation, read_parameters(operation, fields, OWN_FIELDS))
        uploads = await incoming.uploads(operation, parameters)
        submitted = await self._work.submit(
            uploads, batch=batch, key=key, sender=head.sender, new_batch=how is Dialect.PAGE
        )
        return Ticket(submitted.batch, submitted.job_ids, how, preferred)

    async def _operation(self, name: str) -> Operation:
        if name not in OPERATIONS:
            offered = (await self._work.operations()).offered
            named_operation(name, {**OPERATIONS, **{one: offered[one].operation for one in offered}})
        return await self._work.operation(name)

    async def _default(self, how: Dialect) -> str:
        """Return the operation of a sender that names none, which only load generators may."""
        if how not in (Dialect.LABEL, Dialect.NAMED_LABEL):
            return ""
        if self._settings.default_operation:
            return self._settings.default_operation
        return _DEFAULT_OPERATION if _DEFAULT_OPERATION in (await self._work.operations()).offered else ""


def _no_file(operation: str) -> Problem:
    takes_numbers = operation in OPERATIONS and OPERATIONS[operation].takes == "numbers"
    what, typed = (
        ("neither a file nor numbers", f", or `-F {NUMBERS_FIELD}='1 2 3'`")
        if takes_numbers
        else ("no file", "")
    )
    return Problem(
        400, "no-file", f"the request brings {what}",
        mend=f"Send one as `curl -F file=@photo.jpg` does: a part with a filename{typed}.",
    )  # fmt: skip


def query_fields(request: Request, fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the fields in the query, and those that the endpoint gives. Raises `Problem`."""
    fields = dict(fixed)
    for name, text in request.query_params.multi_items():
        if text:
            add_field(fields, name, text)
    return fields


def _merged(given: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, str]:
    merged = dict(given)
    for name, text in fields.items():
        add_field(merged, name, text)
    return merged


def _batch(fields: Mapping[str, str]) -> str | None:
    batch = fields.get("batch")
    if batch is not None and not is_job_id(batch):
        raise Problem(
            400, "bad-batch", f"{shown(batch)} is no batch",
            mend=f"POST {link('/api/v1/batches')} gives a new one; "
            "left out, several files make one of their own.",
            more={"value": told(batch)},
        )  # fmt: skip
    return batch
