"""The endpoints that tell what the stack can do, and how it is."""

from collections.abc import Mapping
from typing import Any

from jobfleet.stack.offered_operations import Offers
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Choice, Decimal, Flag, Parameter, Text, Whole
from jobfleet_jobs.operations.pipeline_steps import STEPS_MAX, PipelineSteps
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jobfleet_web.work.work import Work

_TYPES: Mapping[type[Parameter], str] = {
    Whole: "integer", Decimal: "number", Choice: "choice", Flag: "boolean", Text: "text",
    PipelineSteps: "steps",
}  # fmt: skip


def routes(work: Work) -> list[Route]:
    """Return the endpoints."""

    async def operations(request: Request) -> Response:
        """List the operations, those that no live worker offers too, with their parameters."""
        offers = await work.operations()
        return JSONResponse({"operations": operations_json(offers), "next_hosts": bool(offers.image)})

    async def fleet(request: Request) -> Response:
        """Tell how the stack is."""
        return JSONResponse((await work.fleet()).to_json(), headers={"Cache-Control": "no-store"})

    async def scaling(request: Request) -> Response:
        """Tell how the fleet scales, and how it did in the last hours."""
        return JSONResponse(dict(await work.scaling()), headers={"Cache-Control": "no-store"})

    return [
        Route("/api/v1/scaling", scaling, name="scaling"),
        Route("/api/v1/operations", operations, name="operations"),
        Route("/api/v1/fleet", fleet, name="fleet"),
    ]


def operations_json(offers: Offers) -> list[dict[str, Any]]:
    """Return all operations that are built in or offered, as the API tells them."""
    own = {name: one.operation for name, one in offers.offered.items() if name not in OPERATIONS}
    return [_operation(operation, offers) for operation in [*OPERATIONS.values(), *own.values()]]


def _operation(operation: Operation, offers: Offers) -> dict[str, Any]:
    offered = offers.offered.get(operation.name)
    lacking = next(iter(offers.lacking.get(operation.name, {}).values()), None)
    return {
        "name": operation.name,
        "takes": operation.takes,
        "gives": operation.gives,
        "summary": operation.summary,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "one_of": list(operation.one_of),
        # Every worker does what takes no part, also the ones that sleep.
        "offered": offered is not None or not (operation.part or offers.live),
        "why_not": None if offered else lacking,
        "package": (offered.package if offered else "") or None,
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": parameter.name,
        "type": _TYPES.get(type(parameter), "text"),
        "default": parameter.default,
        "required": parameter.required,
        "help": parameter.help,
    }
    if isinstance(parameter, Whole | Decimal):
        told |= {"minimum": parameter.minimum, "maximum": parameter.maximum}
    if isinstance(parameter, Choice):
        told["choices"] = list(parameter.choices)
    if isinstance(parameter, Text):
        told |= {"pattern": parameter.pattern, "what": parameter.what}
    if isinstance(parameter, PipelineSteps):
        told |= {"operations": [one.name for one in parameter.operations], "maximum": STEPS_MAX}
    if parameter.shown is not None:
        told["example"] = parameter.shown
    return told
