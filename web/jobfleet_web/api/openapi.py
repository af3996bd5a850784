"""The description of the API for programs (OpenAPI 3.1). A test holds it against the routes."""

import json
from typing import Any

from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.version import __version__
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jobfleet_web.api.openapi_schemas import ID, TEXT, Schema, components, parameters, ref
from jobfleet_web.api.stats import JSON
from jobfleet_web.instance.cpu_work import ROUNDS, ROUNDS_MAX
from jobfleet_web.links import link
from jobfleet_web.problems import MEDIA_TYPE
from jobfleet_web.settings import WebSettings

PATH = "/api/v1/openapi.json"

_FILE: Schema = {"type": "string", "format": "binary"}
_ANY_FILE = {"*/*": {"schema": _FILE}}

# What any request may be answered with, whatever it asks for.
_ALWAYS = ("400", "401", "408", "413", "415", "421", "429", "503", "504")

_MEANINGS = {
    "200": "as asked for", "201": "made", "202": "not done yet; Location says where to look",
    "206": "a part, as Range asked for", "303": "for a form without JavaScript: the page of the batch",
    "304": "as it was", "400": "something in the request cannot be; `value` and `mend` say what",
    "401": "without the token", "403": "from the page of another site", "404": "not there",
    "408": "the body came too slowly", "409": "not done yet", "410": "not there any more",
    "413": "more than this host takes", "415": "a body of another type, or an encoded one",
    "416": "no such part", "421": "by a name that is not this host's", "422": "a job failed",
    "429": "too many wait already; Retry-After says when to come again",
    "500": "what should not have happened", "502": "AWS did not do it",
    "503": "nothing can be taken or read at the moment; Retry-After says when", "504": "not done in time",
}  # fmt: skip


def routes(settings: WebSettings) -> list[Route]:
    """Return the endpoint."""
    texts = {
        prefix: json.dumps(document(prefix, balanced=settings.balanced), ensure_ascii=False).encode()
        for prefix in ("", *settings.prefixes)
    }

    async def openapi(request: Request) -> Response:
        """Describe the API, as it is under the prefix by which the request came."""
        return Response(texts[link("")], media_type=JSON)

    return [Route(PATH, openapi, name="openapi")]


def document(prefix: str = "", *, balanced: bool = False) -> dict[str, Any]:
    """Return the description of what is served under a prefix; `balanced` as in the settings."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "jobfleet", "version": __version__,
            "description": "Send files and numbers to the workers of a stack, and see what became of each.",
        },
        "servers": [{"url": prefix or "/"}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": {**_paths(), **_cluster_paths(balanced)},
        "components": {
            "schemas": components(),
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic",
                          "description": "Any user name; the password is the token."},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }  # fmt: skip


def _paths() -> dict[str, Any]:
    job, batch = "/api/v1/jobs/{job}", "/api/v1/batches/{batch}"
    return {
        "/api/v1/upload": {"post": _upload("Send files and have something done with them.")},
        "/": {"post": _upload("The same, where load generators send.")},
        "/api/v1/stats": {"post": _stats()},
        job: {"get": _read("Tell how a job is.", "Job", "422", path="job")},
        f"{job}/output": {"get": _download("Send what came out of a job.")},
        f"{job}/input": {"get": _download("Send what went into a job.")},
        f"{job}/retry": {"post": _operation(
            "Send the input of a job again, as a new job.", {"202": _json("Job")}, "404", "409", "422",
            given=[_in("path", "job", ID), _in("header", "Idempotency-Key", TEXT)],
        )},
        "/api/v1/batches": {"post": _operation("Give the id of a new batch.", {"201": _json("NewBatch")})},
        batch: {"get": _read(
            "Tell what is in a batch, a page at a time.", "Batch", path="batch",
            given=[_in("query", "after", ID), _in("query", "limit", {"type": "integer", "minimum": 1})],
        )},
        f"{batch}/events": {"get": _operation(
            "Tell what changes in a batch, as server-sent events.",
            {"200": {"text/event-stream": {"schema": TEXT}}}, "404", given=[_in("path", "batch", ID)],
        )},
        f"{batch}/outputs.zip": {"get": _operation(
            "Send all outputs of a batch.", {"200": {"application/zip": {"schema": _FILE}}}, "404",
            given=[_in("path", "batch", ID)],
        )},
        "/api/v1/operations": {"get": _read("List what can be done.", "Operations")},
        "/api/v1/fleet": {"get": _read("Tell how the stack is.", "Fleet")},
        "/api/v1/scaling": {"get": _read("Tell how the fleet scales, and how it did.", "Scaling")},
        PATH: {"get": _operation("Describe the API.", {"200": {JSON: {"schema": {"type": "object"}}}})},
        "/healthz": {"get": _open("Tell that the process lives.")},
        "/readyz": {"get": _open("Tell whether uploads can be taken.")},
        "/metrics": {"get": _plain("Give the counters in Prometheus's format.")},
    }  # fmt: skip


def _cluster_paths(balanced: bool) -> dict[str, Any]:
    """Return what is there for comparing instances: more behind a balancer, and with less asked for."""
    who = _read("Tell which instance answers.", "Whoami")
    if not balanced:
        return {"/whoami": {"get": who}}
    rounds = _in(
        "query", "rounds", {"type": "integer", "minimum": 1, "maximum": ROUNDS_MAX, "default": ROUNDS}
    )
    return {
        "/whoami": {"get": {**who, "security": []}},
        "/work": {"get": _read("Compute, and tell which instance did.", "Worked", given=[rounds])},
    }


def _operation(
    summary: str, answers: dict[str, Any], *problems: str, given: list[Schema] | None = None, **more: Any
) -> dict[str, Any]:
    told = {MEDIA_TYPE: {"schema": ref("Problem")}, "text/html": {"schema": TEXT}}
    every = {**answers, **dict.fromkeys((*_ALWAYS, *problems), told)}
    responses = {
        status: {"description": _MEANINGS[status], **({"content": content} if content else {})}
        for status, content in sorted(every.items())
    }
    return {"summary": summary, "parameters": given or [], "responses": responses, **more}


def _upload(summary: str) -> dict[str, Any]:
    query = [_in("query", "operation", {**TEXT, "examples": list(OPERATIONS)}), _in("query", "batch", ID)]
    query += [_in("query", name, schema) for name, schema in parameters().items()]
    answers = {"200": {**_json("Jobs"), "text/plain": {"schema": TEXT}}, "202": _json("Jobs"), "303": None}
    return _operation(
        summary, answers, "403", "422", given=[*_preferences(), *query],
        requestBody={"required": True, "content": {"multipart/form-data": {"schema": ref("Upload")}}},
    )  # fmt: skip


def _stats() -> dict[str, Any]:
    query = [_in("query", one.name, TEXT) for one in OPERATIONS["stats"].parameters]
    numbers = {
        "text/plain": {"schema": TEXT}, "text/csv": {"schema": TEXT}, JSON: {"schema": ref("Numbers")},
        "multipart/form-data": {"schema": ref("Upload")},
    }  # fmt: skip
    answers = {"200": {**_json("Jobs"), "text/plain": {"schema": TEXT}}, "202": _json("Jobs"), "303": None}
    return _operation(
        "Tell about numbers: count, mean, minimum, maximum, median, and more.", answers, "403", "422",
        given=[*_preferences(), *query], requestBody={"required": True, "content": numbers},
    )  # fmt: skip


def _read(
    summary: str, schema: str, *problems: str, path: str = "", given: list[Schema] | None = None
) -> dict[str, Any]:
    named = [_in("path", path, ID)] if path else []
    return _operation(
        summary, {"200": _json(schema)}, *problems, *(["404"] if path else []), given=[*named, *(given or [])]
    )


def _download(summary: str) -> dict[str, Any]:
    return _operation(
        summary, {"200": _ANY_FILE, "206": _ANY_FILE, "304": None}, "404", "409", "410", "416", "422",
        given=[_in("path", "job", ID), _in("header", "Range", TEXT), _in("header", "If-None-Match", TEXT)],
    )  # fmt: skip


def _plain(summary: str, **more: Any) -> dict[str, Any]:
    return _operation(summary, {"200": {"text/plain": {"schema": TEXT}}}, **more)


def _open(summary: str) -> dict[str, Any]:
    return _plain(summary, security=[])


def _json(schema: str) -> dict[str, Any]:
    return {JSON: {"schema": ref(schema)}}


def _preferences() -> list[Schema]:
    prefer = {**TEXT, "examples": ["respond-async", "wait=10"]}
    return [_in("header", "Prefer", prefer), _in("header", "Idempotency-Key", TEXT)]


def _in(place: str, name: str, schema: Schema) -> Schema:
    return {"in": place, "name": name, "schema": schema, "required": place == "path"}
