"""A small webhook receiver on loopback: checks signatures as a customer's would, and keeps what came. For the demo."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from topics.alerts import Alert


@dataclass
class Received:
    """What arrived, by the public verifier's word: repeats of one id count once, as the receiver's guide says."""

    secret: str
    url: str = ""
    alerts: dict[str, list[Alert]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    refused: int = 0
    first: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, body: bytes, headers: dict[str, str]) -> bool:
        """Whether the signature is right."""
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.refused += 1
            return False
        if headers["webhook-id"] not in self.ids:
            self.ids.add(headers["webhook-id"])
            payload: dict[str, Any] = json.loads(body)
            alert = Alert.model_validate(payload["data"])
            self.alerts.setdefault(alert.id, []).append(alert)
            self.first.set()
        return True

    def firing(self) -> list[Alert]:
        """The alerts that stand, by the last word on each."""
        last = [history[-1] for history in self.alerts.values()]
        return sorted((a for a in last if a.holds), key=lambda a: (a.last_event_at, a.pattern_id, a.id))


@asynccontextmanager
async def receiver() -> AsyncIterator[Received]:
    """A receiver that listens while the block runs."""
    received = Received(secret="whsec_" + base64.b64encode(secrets.token_bytes(24)).decode())

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        return web.Response(status=200 if received.take(body, headers) else 401)

    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        received.url = f"http://127.0.0.1:{port}/hook"
        yield received
    finally:
        await runner.cleanup()
