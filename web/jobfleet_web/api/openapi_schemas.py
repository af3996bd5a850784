"""What goes in and out of the API, as JSON Schema; made from the declarations of operations."""

from collections.abc import Mapping
from typing import Any

from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.parameters import Choice, Flag, Parameter

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
ID: Schema = {"type": "string", "format": "uuid"}


def ref(name: str) -> Schema:
    """Return where a schema of `components` is."""
    return {"$ref": f"#/components/schemas/{name}"}


def components() -> dict[str, Schema]:
    """Return the schemas by their names."""
    return {
        "Job": _job(), "Jobs": _jobs(), "Batch": _batch(), "Problem": _problem(), "Fleet": _fleet(),
        "Operations": _operations(), "Upload": upload(), "NewBatch": _object(batch=ID, links=_of(TEXT)),
        "Numbers": _numbers(), "Scaling": _scaling(), "Whoami": _object(**_whoami()),
        "Worked": _object(**_whoami(), rounds=_COUNT),
    }  # fmt: skip


def upload() -> Schema:
    """Return the form of an upload: files in any field, and the parameters of all operations."""
    fields: dict[str, Schema] = {
        "file": {"type": "array", "items": {"type": "string", "format": "binary"},
                 "description": "The files. Any other field with a filename is taken as well."},
        "operation": {**TEXT, "examples": list(OPERATIONS), "description": "What is to be done."},
        "batch": {**ID, "description": "The batch to belong to; left out, several files make a new one."},
        "numbers": {**TEXT, "description": "Numbers, for `stats`, in the place of a file."},
    }  # fmt: skip
    return {"type": "object", "properties": {**fields, **parameters()}, "additionalProperties": True}


def parameters() -> dict[str, Schema]:
    """Return the parameters of all built-in operations, as the texts that fields and queries bring."""
    takers: dict[str, list[tuple[str, Parameter]]] = {}
    for operation in OPERATIONS.values():
        for parameter in operation.parameters:
            takers.setdefault(parameter.name, []).append((operation.name, parameter))
    return {name: _field(several) for name, several in takers.items()}


def _field(several: list[tuple[str, Parameter]]) -> Schema:
    told = "; ".join(f"{name}: {one.help} ({one.bounds})" for name, one in several)
    schema: Schema = {**TEXT, "description": told}
    first = several[0][1]
    if isinstance(first, Choice):
        schema["enum"] = list(first.choices)
    if isinstance(first, Flag):
        schema["enum"] = ["true", "false"]
    return schema


def _object(required: tuple[str, ...] | None = None, /, **properties: Schema) -> Schema:
    needed = list(properties if required is None else required)
    return {"type": "object", "properties": properties, "required": needed}


def _of(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _job() -> Schema:
    anything: Mapping[str, Any] = {"type": "object"}
    return _object(
        id=ID, batch=_or_null(ID), retry_of=_or_null(ID), name=TEXT, operation=TEXT,
        parameters=dict(anything),
        status={"enum": ["waiting", "working", "succeeded", "failed"]}, bytes=_or_null(_COUNT),
        submitted_at=_or_null(TEXT), result=_or_null(dict(anything)), notes=_list(TEXT),
        error=_or_null(_object(code=TEXT, message=TEXT, mend=TEXT)), input=_object(href=TEXT),
        output=_or_null(_object(href=TEXT, name=TEXT, bytes=_COUNT, type=TEXT)),
        attempts=_list(dict(anything)), times=_of(_NUMBER), links=_of(TEXT),
    )  # fmt: skip


def _jobs() -> Schema:
    return _object(batch=_or_null(ID), jobs=_list(ref("Job")), links=_of(TEXT))


def _batch() -> Schema:
    return _object(id=ID, jobs=_list(ref("Job")), counts=_of(_COUNT), next=_or_null(ID), links=_of(TEXT))


def _problem() -> Schema:
    """Return what RFC 9457 has, and ours: the way out, the value, and the job or jobs that failed."""
    return _object(
        ("type", "title", "status", "detail"), type=TEXT, title=TEXT, status={"type": "integer"}, detail=TEXT,
        mend=TEXT, value={}, parameter=TEXT, job=ref("Job"), jobs=_list(ref("Job")),
    )  # fmt: skip


def _fleet() -> Schema:
    return _object(
        workers=_of(_COUNT), queue=_of(_COUNT), session={"type": "object"}, message=TEXT, mend=TEXT,
        scaling=_or_null(_object(**_scaling_state())), lost_before=_or_null(TEXT),
    )  # fmt: skip


def _scaling_state() -> dict[str, Schema]:
    """Return what is told of a fleet that scales; all but counts is null where it does not."""
    return {
        "at": TEXT, "phase": {"enum": ["off", "paused", "asleep", "starting", "running", "unknown"]},
        "words": TEXT,
        "min": _or_null(_COUNT), "max": _or_null(_COUNT), "mode": _or_null({"enum": ["groups", "plain"]}),
        "boot_seconds": _or_null(_NUMBER), "wanted": _COUNT, "running": _COUNT, "booting": _COUNT,
        "leaving": _COUNT, "leader": _or_null(TEXT), "cap": _or_null(_COUNT), "cap_why": _or_null(TEXT),
        "warnings": _list(TEXT),
    }  # fmt: skip


def _scaling() -> Schema:
    """Return the state, its history in parts of equal length, and the last decisions, the newest first."""
    part = _object(at=TEXT, **{name: _or_null(_COUNT) for name in ("backlog", "wanted", "running")})
    decision = _object(("at", "who", "event"), at=TEXT, who=TEXT, event=TEXT, why=TEXT)
    return _object(**_scaling_state(), hours=_NUMBER, history=_list(part), decisions=_list(decision))


def _whoami() -> dict[str, Schema]:
    return {"instance": TEXT, "group": TEXT, "zone": TEXT, "type": TEXT, "version": TEXT, "process": _COUNT}


def _operations() -> Schema:
    parameter = _object(
        ("name", "type", "required", "help"), name=TEXT, type=TEXT, required={"type": "boolean"}, help=TEXT
    )
    operation = _object(
        name=TEXT, takes={"enum": ["numbers", "image", "file"]}, gives={"enum": ["answer", "image", "file"]},
        summary=TEXT, parameters=_list(parameter), offered={"type": "boolean"}, package=_or_null(TEXT),
    )  # fmt: skip
    return _object(operations=_list(operation), next_hosts={"type": "boolean"})


def _numbers() -> Schema:
    stats = {
        one.name: {"type": "boolean"} if isinstance(one, Flag) else {}
        for one in OPERATIONS["stats"].parameters
    }
    with_parameters = _object(("numbers",), numbers=_list(_NUMBER), **stats)
    return {"anyOf": [_list(_NUMBER), with_parameters]}
