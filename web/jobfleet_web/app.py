"""The application: its routes, and what stands around them."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from jobfleet_web.settings import WebSettings


def create_app(settings: WebSettings) -> Starlette:
    """Return the application for one stack."""

    async def healthz(request: Request) -> PlainTextResponse:
        """Tell that the process lives."""
        return PlainTextResponse("ok\n")

    app = Starlette(routes=[Route("/healthz", healthz)])
    app.state.settings = settings
    return app
