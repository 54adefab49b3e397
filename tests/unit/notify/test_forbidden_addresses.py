"""What a receiver may not be: every spelling of an address inside, and names that lead there or change their mind."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.rig.http_receiver import HttpReceiver
from tests.unit.notify.samples import make_alert
from workers.errors import ConfigurationError
from workers.notify.config import load_receivers
from workers.notify.message import Message
from workers.notify.sending import open_channel
from workers.notify.targets import EmailReceiver, Receiver, SlackReceiver, WebhookReceiver
from workers.notify.verdicts import Attempt

NUMBERS = [
    "127.0.0.1", "127.8.9.10", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "2130706433",
    "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "0", "0.0.0.0", "169.254.169.254",
    "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "2852039166", "0xa9fea9fe", "100.100.100.200", "168.63.129.16",
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "192.0.0.192",
    "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::80ff:fefe]", "224.0.0.1",
    "255.255.255.255",
]  # fmt: skip
"""Hosts of an address, as somebody may write them into receivers.yaml."""

LEADS_INSIDE = [
    "127.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "169.254.169.254",
    "10.1.2.3",
    "fe80::1%lo",
    "fd00::1",
    "0.0.0.0",
]
"""What a name may resolve to."""


def lookup_of(*answers: Sequence[str]) -> Any:
    """A name server that gives these answers one after the other, then the last again."""
    left = list(answers)

    async def lookup(host: str, port: int, family: int) -> list[tuple[Any, ...]]:
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses
        ]

    return lookup


def receivers_at(host: str, port: int) -> list[Receiver]:
    """One of every type that goes out on the network."""
    url = SecretStr(f"http://{host}:{port}/hook")
    mail = EmailReceiver(
        name="mail", host=host.strip("[]"), port=port, security="none", sender="a@b.example", to=("c@d.example",)
    )
    app = SlackReceiver(name="app", url=url, token=SecretStr("xoxb-secret"), channel="C1", timeout=2.0)
    return [WebhookReceiver(name="hook", url=url, timeout=2.0), SlackReceiver(name="slack", url=url), app, mail]


async def attempt(receiver: Receiver, **more: Any) -> Attempt:
    channel = open_channel(receiver, **more)
    try:
        return await channel.send(Message(make_alert()), datetime.now(UTC))
    finally:
        await channel.close()


@pytest.mark.parametrize("host", NUMBERS)
async def test_a_number_in_any_spelling_is_refused(host: str, receiver: HttpReceiver, tmp_path: Path) -> None:
    for one in receivers_at(host, receiver.port):
        found = await attempt(one)
        assert found.verdict == "permanent", (one.type, found)
        assert (found.reason or "").startswith("address refused: "), (one.type, found)
    assert receiver.requests == ()
    file = tmp_path / "receivers.yaml"
    file.write_text(f"- name: a\n  type: webhook\n  url: 'http://{host}:{receiver.port}/'\n")
    with pytest.raises(ConfigurationError, match=r"receivers\.yaml:3:3: "):
        load_receivers(file)


@pytest.mark.parametrize("address", LEADS_INSIDE)
async def test_a_name_that_leads_inside_is_refused(address: str, receiver: HttpReceiver) -> None:
    for one in receivers_at("hooks.example", receiver.port):
        for answers in ([address], ["93.184.215.14", address], [address, "93.184.215.14"]):
            found = await attempt(one, lookup=lookup_of(answers))
            assert found.verdict == "retry", "the name may be mended"
            assert (found.reason or "").startswith("address refused: hooks.example resolves to"), (one.type, found)
    assert receiver.requests == ()


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST"])
async def test_the_systems_own_names_too(name: str, receiver: HttpReceiver) -> None:
    for one in receivers_at(name, receiver.port):
        assert "address refused" in ((await attempt(one)).reason or ""), one.type
    assert receiver.requests == ()


async def test_a_name_that_changes_between_check_and_connection_gains_nothing(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is public, every further one is loopback: the connection goes to the first."""
    tried: list[str] = []

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    async def start_connection(addr_infos: Any, **_: Any) -> socket.socket:
        tried.extend(info[4][0] for info in addr_infos)
        raise ConnectionRefusedError(111, "Connection refused")

    # Nothing may leave this machine, so the last step, the system's own connect, is watched instead of made.
    monkeypatch.setattr("socket.create_connection", connect)
    monkeypatch.setattr("aiohappyeyeballs.start_connection", start_connection)
    for one in receivers_at("hooks.example", receiver.port):
        tried.clear()
        found = await attempt(one, lookup=lookup_of(["93.184.215.14"], ["127.0.0.1"]))
        assert tried == ["93.184.215.14"], one.type
        assert found.verdict == "retry"
    assert receiver.requests == ()


async def test_where_it_is_allowed_the_checked_address_is_reached(receiver: HttpReceiver) -> None:
    """And the name is asked for once: its second answer would lead nowhere."""
    url = SecretStr(f"http://hooks.example:{receiver.port}/hook")
    one = WebhookReceiver(name="hook", url=url, allow_private=True)
    assert (await attempt(one, lookup=lookup_of(["127.0.0.1"], ["10.255.255.1"]))).verdict == "delivered"
    assert receiver.requests[0].header("host") == f"hooks.example:{receiver.port}"


MUST_SHOW = [
    "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "169.254.169.254", "10.0.0.1",
    "10.255.255.255",
]  # fmt: skip


async def test_the_table_of_forbidden_addresses(receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pytest -s` shows it: what is asked for, what the sender says, and how many requests got through."""
    rows: list[tuple[str, str]] = []
    for host in MUST_SHOW:
        one = WebhookReceiver(name="w", url=SecretStr(f"http://{host}:{receiver.port}/hook"), timeout=2.0)
        rows.append((host, (await attempt(one)).reason or ""))
    named = WebhookReceiver(name="w", url=SecretStr(f"http://hooks.example:{receiver.port}/hook"), timeout=2.0)
    inside = await attempt(named, lookup=lookup_of(["127.0.0.1"]))
    rows.append(("a name that resolves to 127.0.0.1", inside.reason or ""))
    tried: list[str] = []

    async def start_connection(addr_infos: Any, **_: Any) -> socket.socket:
        tried.extend(info[4][0] for info in addr_infos)
        raise ConnectionRefusedError(111, "Connection refused")

    with monkeypatch.context() as watched:  # nothing may leave this machine: the system's own connect is watched
        watched.setattr("aiohappyeyeballs.start_connection", start_connection)
        changing = await attempt(named, lookup=lookup_of(["93.184.215.14"], ["127.0.0.1"]))
    rows.append(("a name that is public when checked, 127.0.0.1 after", f"connected to {', '.join(tried)} alone"))
    print("\n| asked for | what came of it |\n|---|---|")
    for asked, found in rows:
        print(f"| {asked} | {found} |")
    print(f"requests that reached 127.0.0.1: {len(receiver.requests)}")
    assert all(found.startswith("address refused: ") for _, found in rows[:-1])
    assert (tried, changing.verdict) == (["93.184.215.14"], "retry")
    assert receiver.requests == ()
