"""The address that is scraped."""

import hmac

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


def metrics_route(registry: CollectorRegistry, token: str = "") -> Route:
    """/metrics, in the text format or OpenMetrics, as the scraper asks. `token` must come as a
    bearer token, as with webhooks; empty means no check."""

    async def metrics(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())
        if token and not known:
            return PlainTextResponse("the bearer token is missing or wrong\n", 401)
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(await run_in_threadpool(encode, registry), media_type=kind)

    return Route("/metrics", metrics)
