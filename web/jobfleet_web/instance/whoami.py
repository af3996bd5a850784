"""The endpoint that tells which instance answers."""

import json
import os
from typing import Any

from jobfleet_jobs.version import __version__
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jobfleet_web.settings import WebSettings


def routes(settings: WebSettings) -> list[Route]:
    """Return the endpoint. It does next to nothing: load generators ask it as fast as they can."""
    text = json.dumps(whoami(settings)).encode()

    async def tell(request: Request) -> Response:
        """Tell which instance answers."""
        return Response(text, media_type="application/json")

    return [Route("/whoami", tell, name="whoami")]


def whoami(settings: WebSettings) -> dict[str, Any]:
    """Return who answers: texts of the settings, empty where they say nothing, and the process's number."""
    return {
        "instance": settings.instance, "group": settings.group, "zone": settings.zone,
        "type": settings.instance_type, "version": __version__, "process": os.getpid(),
    }  # fmt: skip
