"""A worker process that is killed outright: what it had in hand is told again under the same id, and only that."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.rig.http_receiver import Answer, HttpReceiver

WORKER = textwrap.dedent(
    """
    import asyncio, sys
    import redis.asyncio as aioredis
    from pydantic import SecretStr
    from tests.unit.notify.samples import incoming, make_alert
    from workers.notify.routing import Receivers
    from workers.notify.step import Notify
    from workers.notify.targets import WebhookReceiver

    async def main(redis_url, url, first, last):
        receiver = WebhookReceiver(name="ops", url=SecretStr(url), allow_private=True, timeout=0.5)
        client = aioredis.Redis.from_url(redis_url, decode_responses=True)
        step = Notify(Receivers((receiver,)), client, namespace="tocsin", poll_seconds=0.05)
        async def publish(records):
            pass
        await step.start(publish)
        await step.handle(incoming(*(make_alert(f"al{i}") for i in range(int(first), int(last)))))
        await asyncio.sleep(60)

    asyncio.run(main(*sys.argv[1:]))
    """
)


@contextmanager
def worker(redis_url: str, url: str, first: int, last: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", WORKER, redis_url, url, str(first), str(last)])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_kill_while_a_receiver_is_answering(redis_url: str, receiver: HttpReceiver) -> None:
    receiver.always(Answer(delay=0.1))
    with worker(redis_url, receiver.url, 0, 6):
        receiver.wait_for(3)  # the third has come in, and its answer has not gone out
    time.sleep(0.2)
    with worker(redis_url, receiver.url, 4, 8):
        end = time.monotonic() + 20
        while len(heard(receiver)) < 8 and time.monotonic() < end:
            time.sleep(0.05)
        receiver.wait_for(9)
    ids = [request.header("webhook-id") for request in receiver.requests]
    assert heard(receiver) == {f"al{i}" for i in range(8)}
    assert [name for name in set(ids) if ids.count(name) > 1] == ["alert_al2_firing"]
    assert ids.count("alert_al2_firing") == 2


def heard(receiver: HttpReceiver) -> set[str]:
    return {request.json()["data"]["id"] for request in receiver.requests}
