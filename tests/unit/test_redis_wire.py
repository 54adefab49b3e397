"""What goes to Redis is, byte for byte, what redis-py would send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError

from tests.rig.proxy import proxy_to
from tests.rig.redis import real_redis
from workers.redis_client import connect
from workers.redis_wire import FollowsMaster, PackedConnection
from workers.settings import Settings

OURS, THEIRS = PackedConnection(), Connection()
ARGUMENTS = st.one_of(st.text(), st.binary(), st.integers(), st.floats(allow_nan=False), st.just("x" * 10_000))


@given(
    commands=st.lists(
        st.tuples(st.sampled_from(["SET", "SCRIPT LOAD", "CLIENT NO-EVICT", b"EVALSHA"]), st.lists(ARGUMENTS)),
        max_size=4,
    )
)
def test_the_bytes_are_those_of_redis_py(commands) -> None:
    flat = [(name, *arguments) for name, arguments in commands]
    assert b"".join(OURS.pack_commands(flat)) == b"".join(map(bytes, THEIRS.pack_commands(flat)))
    for command in flat:
        assert b"".join(OURS.pack_command(*command)) == b"".join(map(bytes, THEIRS.pack_command(*command)))


@pytest.mark.parametrize("wrong", [None, True, [1], {}])
def test_what_redis_cannot_keep_is_refused(wrong) -> None:
    with pytest.raises(DataError):
        OURS.pack_command("SET", "k", wrong)


def test_tls_keeps_its_own_connection() -> None:
    assert connect(Settings(redis_url="redis://h:1/0")).connection_pool.connection_class is PackedConnection
    tls = connect(Settings(redis_url="rediss://h:1/0")).connection_pool.connection_class
    assert issubclass(tls, SSLConnection)
    assert issubclass(tls, FollowsMaster)


@pytest.mark.parametrize("together", [False, True])
async def test_a_connection_to_what_was_the_master_is_left_for_the_new_one(together: bool) -> None:
    """The address leads to another server now; what is connected stays where it is, and is told READONLY for ever."""
    with real_redis() as old, real_redis() as new, proxy_to(old.port) as net:
        client = connect(Settings(redis_url=f"redis://127.0.0.1:{net.port}/0"))
        assert await client.set("k", "1")
        with old.client() as demoted:
            demoted.replicaof("127.0.0.1", str(new.port))
        net.target = new.port
        if together:
            pipe = client.pipeline(transaction=False)
            pipe.set("k", "2")
            pipe.eval("return redis.call('SET', KEYS[1], '3')", 1, "k")
            assert await pipe.execute() == [True, "OK"]
        else:
            assert await client.eval("return redis.call('SET', KEYS[1], '3')", 1, "k") == "OK"
        assert await client.get("k") == "3"
        with new.client() as promoted:
            assert promoted.get("k") == "3"
            promoted.replicaof("127.0.0.1", str(old.port))  # and nobody is master any more
        with pytest.raises(RedisConnectionError, match="no writes there"):
            await client.set("k", "4")
        await client.aclose()
