"""What goes to Redis is, byte for byte, what redis-py would send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import DataError

from workers.redis_client import connect
from workers.redis_wire import PackedConnection
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
    assert connect(Settings(redis_url="rediss://h:1/0")).connection_pool.connection_class is SSLConnection
