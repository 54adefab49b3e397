"""Alerts as the watch step keeps them in Redis, with the evidence that was added since they were told."""

from __future__ import annotations

from topics.alerts import Alert
from workers.redis_client import connect
from workers.redis_keys import Keys
from workers.settings import Settings
from workers.watch.redis_windows import RedisWindows


async def stored_alerts(settings: Settings, limit: int = 10_000) -> list[Alert]:
    """All of the namespace, newest first."""
    client = connect(settings)
    try:
        windows = RedisWindows(client, Keys(settings.namespace))
        return await windows.alerts(await windows.known_patterns(), limit)
    finally:
        await client.aclose()
