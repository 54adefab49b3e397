"""The proxy does to connections what it says, and lets them live again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.rig.ports import LOOPBACK
from tests.rig.proxy import Proxy, proxy_to
from tests.rig.redis import RedisServer, real_redis

NO_RETRY = Retry(NoBackoff(), 0)


@pytest.fixture
def net(redis_server: RedisServer, redis_url: str) -> Iterator[Proxy]:
    assert redis_url
    with proxy_to(redis_server.port) as proxy:
        yield proxy


@pytest.fixture
def client(net: Proxy) -> Iterator[redis.Redis]:
    found = redis.Redis(
        host=LOOPBACK,
        port=net.port,
        socket_timeout=0.5,
        socket_connect_timeout=0.5,
        decode_responses=True,
        retry=NO_RETRY,
    )
    yield found
    found.close()


def test_bytes_pass_both_ways(net: Proxy, client: redis.Redis) -> None:
    large = "x" * 3_000_000
    client.set("a", large)
    assert client.get("a") == large
    assert net.accepted == net.connections == 1


def test_many_connections_pass_at_once(net: Proxy) -> None:
    clients = [redis.Redis(host=LOOPBACK, port=net.port, socket_timeout=20) for _ in range(20)]
    threads = [threading.Thread(target=one.incrby, args=("n", number)) for number, one in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clients[0].get("n") == b"190"
    assert net.connections == 20
    for one in clients:
        one.close()


def test_a_closed_client_leaves_no_connection_behind(net: Proxy, client: redis.Redis) -> None:
    client.ping()
    client.close()
    deadline = time.monotonic() + 10
    while net.connections and time.monotonic() < deadline:
        time.sleep(0.01)
    assert net.connections == 0


def test_cut_connections_are_reset_and_new_ones_work(net: Proxy, client: redis.Redis) -> None:
    with socket.create_connection((LOOPBACK, net.port), timeout=10) as raw:
        raw.sendall(b"PING\r\n")
        assert raw.recv(100) == b"+PONG\r\n"
        net.cut()
        with pytest.raises(ConnectionResetError):
            raw.recv(100)
    assert client.ping()


def test_refused_connections_are_refused_until_healed(net: Proxy, client: redis.Redis) -> None:
    client.ping()
    net.refuse()
    assert net.connections == 0
    with pytest.raises(redis.ConnectionError):
        client.ping()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, net.port), timeout=5)
    net.heal()
    assert client.ping()


def test_swallowed_bytes_arrive_when_the_network_heals(net: Proxy) -> None:
    with socket.create_connection((LOOPBACK, net.port), timeout=10) as raw:
        net.swallow()
        raw.sendall(b"PING\r\n")
        raw.settimeout(0.3)
        with pytest.raises(TimeoutError):
            raw.recv(100)
        net.heal()
        raw.settimeout(10)
        assert raw.recv(100) == b"+PONG\r\n"


def test_a_swallowing_network_takes_new_connections_and_lets_them_hang(net: Proxy, client: redis.Redis) -> None:
    net.swallow()
    with pytest.raises(redis.TimeoutError):
        client.ping()
    net.heal()
    assert client.ping()


def test_delay_is_felt_in_both_directions(net: Proxy, client: redis.Redis) -> None:
    client.ping()
    net.delay(0.1)
    started = time.monotonic()
    client.ping()
    assert 0.2 <= time.monotonic() - started < 0.5
    net.heal()
    started = time.monotonic()
    client.ping()
    assert time.monotonic() - started < 0.1


def test_a_request_may_be_carried_out_though_its_answer_is_lost(net: Proxy, redis_server: RedisServer) -> None:
    request = b"INCR n\r\n"
    with socket.create_connection((LOOPBACK, net.port), timeout=10) as raw:
        net.cut_after(len(request))
        raw.sendall(request)
        with pytest.raises(ConnectionResetError):
            raw.recv(100)
    with redis_server.client() as direct:
        deadline = time.monotonic() + 10
        while direct.get("n") is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert direct.get("n") == "1"


def test_a_request_cut_in_the_middle_is_not_carried_out(net: Proxy, client: redis.Redis) -> None:
    net.cut_after(10)
    with pytest.raises(redis.ConnectionError):
        client.set("a", "x" * 1000)
    assert client.get("a") is None, "the cut was for once"


def test_a_server_that_dies_is_felt_through_the_proxy() -> None:
    with real_redis() as server, proxy_to(server.port) as net:
        client = redis.Redis(host=LOOPBACK, port=net.port, socket_timeout=5, retry=NO_RETRY)
        client.ping()
        server.kill()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        server.start()
        assert client.ping()
        client.close()


def test_closing_twice_does_no_harm_and_frees_the_port(net: Proxy) -> None:
    net.close()
    net.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, net.port), timeout=5)
