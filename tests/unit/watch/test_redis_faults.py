"""A Redis that is restarted, full, emptied or unreachable: what the step does, and that nothing is lost."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from tests.rig.redis import RedisServer, real_redis
from tests.unit.watch.builders import annotation, at, event, event_count, temporal
from tests.unit.watch.test_step import LAUNCH, SUMMIT, Heard, handled, incoming, watch
from workers.errors import TransientError
from workers.redis_client import Redis, connect
from workers.redis_keys import Keys, drop_namespace
from workers.settings import Settings
from workers.watch.count_reader import CountReader
from workers.watch.durations import to_micros
from workers.watch.redis_windows import RedisWindows
from workers.watch.scripts import Call, Script, run


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with real_redis("--appendfsync", "always") as found:
        yield found


@pytest.fixture
async def own_client(server) -> AsyncIterator[Redis]:
    client = connect(Settings(redis_url=server.url))
    yield client
    await client.aclose()


async def test_a_restart_between_the_two_halves_of_a_pair(server, own_client) -> None:
    step, heard = watch(own_client, temporal()), Heard()
    await handled(step, heard, incoming(LAUNCH, 0))
    server.kill()
    with pytest.raises((RedisConnectionError, RedisTimeoutError)):
        await step.handle([incoming(SUMMIT, 1)])
    server.start()
    await handled(step, heard, incoming(SUMMIT, 1))
    assert len(heard.alerts) == 1
    assert await CountReader(own_client, Keys("t")).top("entity", "24h", to_micros(at(5))) == [("KP", 2), ("RU", 1)]


async def test_a_restart_between_handling_and_confirming(server, own_client) -> None:
    step, heard = watch(own_client, temporal()), Heard()
    batch = [incoming(LAUNCH, 0), incoming(SUMMIT, 1)]
    for outcome in await step.handle(batch):
        await heard.publish(outcome)
    server.kill()
    with pytest.raises((RedisConnectionError, RedisTimeoutError)):
        await step.confirmed(batch)
    server.start()
    await handled(step, heard, *batch)  # the stream tries the whole batch again
    assert len(heard.alerts) == 2
    assert len(set(heard.alerts)) == 1, "twice, with the same id: receivers drop the second"
    await handled(step, heard, *batch)
    assert len(heard.alerts) == 2


async def test_a_redis_that_lost_everything_is_rebuilt_from_the_annotations(server, own_client) -> None:
    step, heard = watch(own_client, temporal()), Heard()
    await handled(step, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 1))
    server.lose_everything()
    with pytest.raises(TransientError, match="lost counts"):
        await step.handle([incoming(annotation("later", at(6), event("protest")), 2)])
    again = watch(own_client, temporal())
    assert await again.applied(0) == 0
    rebuilding = [incoming(LAUNCH, 0, rebuilding=True), incoming(SUMMIT, 1, rebuilding=True)]
    await handled(again, heard, *rebuilding)
    assert len(heard.alerts) == 1
    assert await again.applied(0) == 2


async def test_a_full_redis_is_worth_another_try_and_half_a_batch_does_no_harm() -> None:
    with real_redis("--maxmemory", "3mb", "--maxmemory-policy", "noeviction") as small:
        client = connect(Settings(redis_url=small.url))
        step, heard = watch(client, temporal()), Heard()
        await handled(step, heard, incoming(LAUNCH, 0))
        with small.client() as other:
            other.config_set("maxmemory", "1")
            with pytest.raises(TransientError, match="Redis refuses"):
                await step.handle([incoming(SUMMIT, 1)])
            other.config_set("maxmemory", "0")
        await handled(step, heard, incoming(SUMMIT, 1))
        assert len(heard.alerts) == 1
        await client.aclose()


async def test_scripts_that_redis_has_forgotten_are_sent_again(client) -> None:
    script = Script("return {KEYS[1], ARGV[1]}", "0" * 40)
    calls = [Call(script, [f"{{x}}:{n}"], [n]) for n in range(3)]
    assert await run(client, calls) == [["{x}:0", "0"], ["{x}:1", "1"], ["{x}:2", "2"]]
    step, heard = watch(client, temporal()), Heard()
    await handled(step, heard, incoming(LAUNCH, 0))
    await client.script_flush()
    await handled(step, heard, incoming(SUMMIT, 1))
    assert len(heard.alerts) == 1


async def test_a_namespace_is_dropped_whole_and_no_other(client) -> None:
    step, heard = watch(client, temporal()), Heard()
    await handled(step, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 1))
    await client.set("{t2:counts:p0}:meta", "another namespace")
    assert await drop_namespace(client, "t") > 10
    assert [key async for key in client.scan_iter()] == ["{t2:counts:p0}:meta"]


async def test_every_command_stays_in_one_slot_of_a_cluster() -> None:
    """A node in cluster mode refuses what touches two slots, and scripts that touch keys they did not declare."""
    with real_redis("--cluster-enabled", "yes", "--appendonly", "no") as node:
        with node.client() as other:
            other.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            while "cluster_state:ok" not in str(other.execute_command("CLUSTER", "INFO")):
                await asyncio.sleep(0.05)
        client = connect(Settings(redis_url=node.url))
        step, heard = watch(client, temporal(), event_count(1, id="other")), Heard()
        await step.start(heard.publish)
        text = base64.b64encode(bytes(256)).decode()
        copies = [annotation(f"c{n}", at(n), event("protest", place="SE"), minhash=text) for n in range(3)]
        batch = [incoming(told, n, partition=n % 2) for n, told in enumerate([LAUNCH, *copies, SUMMIT])]
        await handled(step, heard, *batch)
        correction = annotation("launch", at(0), revision=2)
        await handled(step, heard, incoming(correction, 9))
        assert [state for _, state in heard.alerts] == ["firing", "firing", "retracted"]
        keys = Keys("t")
        assert await CountReader(client, keys).top("event", "7d", to_micros(at(5))) == [("protest", 3), ("summit", 1)]
        windows = RedisWindows(client, keys)
        assert len(await windows.alerts(await windows.known_patterns(), 10)) == 2
        assert await drop_namespace(client, "t") > 10
        await client.aclose()
