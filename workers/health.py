"""Liveness, readiness and metrics of a step over HTTP, for Kubernetes, compose and Prometheus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from workers.errors import ConfigurationError


@dataclass
class Health:
    """What a step says of itself."""

    started: bool = False
    assigned: bool = False

    @property
    def ready(self) -> bool:
        """Connected and part of its consumer group."""
        return self.started and self.assigned


def make_health_app(health: Health) -> web.Application:
    """`/healthz` (alive), `/readyz` (taking work), `/metrics` (Prometheus)."""

    async def alive(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(_request: web.Request) -> web.Response:
        return web.Response(text="ready\n" if health.ready else "starting\n", status=200 if health.ready else 503)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", alive), web.get("/readyz", ready), web.get("/metrics", metrics)])
    return app


@asynccontextmanager
async def serve_health(port: int | None, health: Health) -> AsyncIterator[None]:
    """Serve on `port` of all interfaces while the block runs; nothing if `port` is None."""
    if port is None:
        yield
        return
    runner = web.AppRunner(make_health_app(health), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, None, port).start()
        except OSError as error:
            raise ConfigurationError(
                f"Metrics cannot be served on port {port}: {error.strerror}.",
                hint="Set TOCSIN_METRICS_PORT to a free port, another one for each worker on a machine.",
            ) from error
        yield
    finally:
        await runner.cleanup()
