"""One attempt over real sockets: the verdict of every answer and of every way not to answer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from tests.rig.http_receiver import Answer, HttpReceiver
from tests.rig.ports import LOOPBACK, free_port
from tests.unit.notify.samples import SECRET, make_alert
from workers.notify.message import Message
from workers.notify.receivers import file
from workers.notify.sending import open_channel
from workers.notify.targets import FileReceiver, SlackReceiver, TerminalReceiver, WebhookReceiver
from workers.notify.verdicts import Attempt

HOOK_PATH = "/services/T0000/B0000/veryverysecret"


def hook(url: str, **fields: Any) -> WebhookReceiver:
    given: dict[str, Any] = {"name": "ops", "url": SecretStr(url), "allow_private": True, "timeout": 5.0}
    return WebhookReceiver(**{**given, **fields})


async def attempt(receiver: Any, *, lookup: Any = None, test: bool = False) -> Attempt:
    channel = open_channel(receiver, lookup=lookup) if lookup else open_channel(receiver)
    try:
        return await channel.send(Message(make_alert(), test=test), datetime.now(UTC))
    finally:
        await channel.close()


async def test_a_webhook_gets_what_the_public_verifier_accepts(receiver: HttpReceiver) -> None:
    one = hook(receiver.url_for(HOOK_PATH), secrets=(SecretStr(SECRET),), headers={"X-Team": SecretStr("desk")})
    found = await attempt(one)
    (request,) = receiver.requests
    assert (found.verdict, found.status_code, found.reason) == ("delivered", 200, None)
    assert found.latency_ms is not None
    assert 0 < found.latency_ms < 5000
    assert (request.method, request.path, request.header("X-Team")) == ("POST", HOOK_PATH, "desk")
    assert request.header("content-type") == "application/json"
    assert Webhook(SECRET).verify(request.body, dict(request.headers.items()))["data"]["id"] == "al1"


async def test_slack_gets_blocks(receiver: HttpReceiver) -> None:
    one = SlackReceiver(name="s", url=SecretStr(receiver.url), allow_private=True)
    assert (await attempt(one, test=True)).verdict == "delivered"
    assert receiver.requests[0].json()["blocks"][0]["text"]["text"] == "🔔 high: [TEST] Launch plus summit"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(204), ("delivered", None, None)),
        (Answer(500, b"oops"), ("retry", None, "answered 500 Internal Server Error: oops")),
        (Answer(429, headers={"Retry-After": "3"}), ("retry", 3.0, "answered 429 Too Many Requests")),
        (Answer(503, headers={"Retry-After": "x"}), ("retry", None, "answered 503 Service Unavailable")),
        (Answer(410, b"channel_is_archived"), ("gone", None, "answered 410 Gone: channel_is_archived")),
        (Answer(400, b"a\x1b[31m\nb\0c\xff"), ("permanent", None, "answered 400 Bad Request: a [31m b c�")),
        (Answer(404, b"x" * 100_000), ("permanent", None, "answered 404 Not Found: " + "x" * 275 + "…")),
        (Answer(500, b"half", fault="half"), ("retry", None, "answered 500 Internal Server Error")),
        (Answer(200, b"half", fault="half"), ("delivered", None, None)),
    ],
)
async def test_answers(receiver: HttpReceiver, answer: Answer, expected: tuple[Any, ...]) -> None:
    receiver.always(answer)
    found = await attempt(hook(receiver.url))
    assert (found.verdict, found.retry_after, found.reason) == expected
    assert found.status_code == answer.status


@pytest.mark.parametrize(
    ("status", "verdict"), [(301, "permanent"), (308, "permanent"), (302, "retry"), (307, "retry")]
)
async def test_no_redirect_is_followed(receiver: HttpReceiver, status: int, verdict: str) -> None:
    receiver.always(Answer(status, headers={"Location": receiver.url_for("/elsewhere")}))
    found = await attempt(hook(receiver.url_for("/here")))
    assert (found.verdict, found.status_code) == (verdict, status)
    assert [r.path for r in receiver.requests] == ["/here"]
    assert "redirects are not followed" in (found.reason or "")


async def test_a_receiver_that_hangs_is_given_up_at_the_timeout(receiver: HttpReceiver) -> None:
    receiver.always(Answer(fault="hang"))
    began = time.monotonic()
    found = await attempt(hook(receiver.url, timeout=0.3))
    assert (found.verdict, found.reason) == ("retry", "no answer within 0.3 s")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("head", "verdict"),
    [
        (b"HTTP/1.1 500 No\r\nContent-Length: 1000000\r\n\r\n", "retry"),
        (b"HTTP/1.1 200 Yes\r\nContent-Length: 1000000\r\n\r\n", "delivered"),
        (b"HTTP/1.1 200 Yes\r\nX-Slow: ", "retry"),
    ],
)
async def test_an_answer_that_trickles_does_not_outlast_the_timeout(head: bytes, verdict: str) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(head)
            for _i in range(100):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    async with server:
        began = time.monotonic()
        found = await attempt(hook(f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}/", timeout=0.5))
        assert found.verdict == verdict
        assert time.monotonic() - began < 1.5


async def test_the_address_is_asked_for_as_it_is_written(receiver: HttpReceiver) -> None:
    await attempt(hook(receiver.url_for("/a%2Fb/%41?sig=x%2By%3D&t=a+b&e=")))
    await attempt(hook(receiver.url_for("/ü?q=ö")))
    await attempt(hook(receiver.url.replace("//", "//me:hunter22@") + "/auth"))
    paths = [r.path for r in receiver.requests]
    assert paths == ["/a%2Fb/%41?sig=x%2By%3D&t=a+b&e=", "/%C3%BC?q=%C3%B6", "/auth"]
    assert receiver.requests[-1].header("Authorization").startswith("Basic ")


async def test_a_reset_is_tried_again(receiver: HttpReceiver) -> None:
    receiver.always(Answer(fault="reset"))
    found = await attempt(hook(receiver.url))
    assert (found.verdict, found.status_code) == ("retry", None)
    assert (found.reason or "").startswith("the connection failed: ")


async def test_nobody_listening_is_tried_again() -> None:
    found = await attempt(hook(f"http://{LOOPBACK}:{free_port()}/x"))
    assert found.verdict == "retry"
    assert "cannot connect to 127.0.0.1:" in (found.reason or "")


async def test_plain_http_where_tls_is_expected_is_tried_again(receiver: HttpReceiver) -> None:
    found = await attempt(hook(receiver.url.replace("http:", "https:")))
    assert found.verdict == "retry"


async def test_a_name_that_does_not_exist_is_tried_again() -> None:
    async def lookup(*_: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    found = await attempt(hook("http://no.such.example/x"), lookup=lookup)
    assert found.verdict == "retry"
    assert "Name or service not known" in (found.reason or "")


async def test_a_name_server_that_hangs_is_given_up_at_the_timeout() -> None:
    async def lookup(*_: Any) -> list[Any]:
        await asyncio.sleep(60)
        return []

    found = await attempt(hook("http://slow.example/x", timeout=0.2), lookup=lookup)
    assert (found.verdict, found.reason) == ("retry", "no answer within 0.2 s")


class TestAddresses:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "2130706433",
            "0x7f000001",
            "169.254.169.254",
            "10.1.2.3",
            "127.1",
        ],
    )
    async def test_private_numbers_are_refused_for_good(self, host: str) -> None:
        found = await attempt(hook(f"http://{host}/x", allow_private=False))
        assert found.verdict == "permanent"
        assert (found.reason or "").startswith("address refused: ")

    async def test_a_name_that_resolves_to_loopback_is_refused(self, receiver: HttpReceiver) -> None:
        found = await attempt(hook(f"http://localhost:{receiver.port}/", allow_private=False))
        assert found.verdict == "retry"
        assert "address refused: localhost resolves to" in (found.reason or "")
        assert receiver.requests == ()

    async def test_a_name_that_changes_after_the_check_gains_nothing(self, receiver: HttpReceiver) -> None:
        """Each connection asks once; the answer that was checked is the one that is used."""
        asked = 0

        async def lookup(host: str, port: int, family: int) -> list[tuple[Any, ...]]:
            nonlocal asked
            asked += 1
            address = "192.0.2.1" if asked == 1 else LOOPBACK
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        public = hook(f"http://rebind.example:{receiver.port}/", allow_private=False, timeout=0.3)
        for _ in range(3):
            await attempt(public, lookup=lookup)
        assert asked == 3
        assert receiver.requests == ()

    async def test_a_proxy_in_the_environment_is_not_used(
        self, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", receiver.url)
        found = await attempt(hook(f"http://{LOOPBACK}:{free_port()}/x"))
        assert found.verdict == "retry"
        assert receiver.requests == ()


async def test_no_reason_repeats_a_secret(receiver: HttpReceiver) -> None:
    url = receiver.url_for(HOOK_PATH) + "?token=tokentoken"
    one = hook(url, secrets=(SecretStr(SECRET),), headers={"Authorization": SecretStr("Bearer abc")})
    echo = f"{url} {HOOK_PATH} tokentoken {SECRET} {SECRET.removeprefix('whsec_')} Bearer abc"
    receiver.always(Answer(400, echo.encode()))
    reason = (await attempt(one)).reason or ""
    assert "[redacted]" in reason
    for secret in ("veryverysecret", "tokentoken", SECRET.removeprefix("whsec_"), "Bearer abc"):
        assert secret not in reason


async def test_a_file_gets_its_line(tmp_path: Path) -> None:
    found = await attempt(FileReceiver(name="f", path=tmp_path / "a.jsonl"))
    assert (found.verdict, found.reason) == ("delivered", None)
    assert (tmp_path / "a.jsonl").read_bytes() == file.render(make_alert())


async def test_a_disk_that_is_full_is_tried_again() -> None:
    found = await attempt(FileReceiver(name="f", path=Path("/dev/full")))
    assert (found.verdict, found.reason) == ("retry", "cannot write to /dev/full: No space left on device")


async def test_a_write_that_hangs_is_given_up_and_not_piled_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "append", lambda *_: time.sleep(1.0))
    channel = open_channel(FileReceiver(name="f", path=tmp_path / "a", timeout=0.1))
    reasons = [(await channel.send(Message(make_alert()), datetime.now(UTC))).reason for _ in range(2)]
    await channel.close()
    assert reasons == ["the write did not end within 0.1 s", "an earlier write still hangs"]


async def test_the_terminal_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert (await attempt(TerminalReceiver(name="t"))).verdict == "delivered"
    assert capsys.readouterr().out.startswith("HIGH: Launch plus summit\n")


async def test_a_fault_of_our_own_is_permanent_and_told_by_place(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("veryverysecret")

    monkeypatch.setattr("workers.notify.receivers.webhook.envelope", broken)
    found = await attempt(hook(receiver.url_for(HOOK_PATH)))
    assert found.verdict == "permanent"
    assert (found.reason or "").startswith("the message cannot be made: KeyError at test_sending.py:")
