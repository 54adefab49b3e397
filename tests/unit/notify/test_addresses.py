"""Addresses that a receiver may not have, however they are written."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from workers.notify.addresses import AddressRefused, CheckedResolver, literal_refusal, refusal


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1",
        "0.0.0.0", "::", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "192.0.0.8",
        "169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fc00::1", "fec0::1",
        "168.63.129.16", "100.100.100.200", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1",
        "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "198.18.0.1",
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(address: str) -> None:
    assert refusal(address) is not None


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "172.32.0.1"])
def test_what_is_public_is_not(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "::1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0x8080808",
        "017700000001",
        "0",
        "１２７.0.0.1",
        "127\u30020\uff0e0\uff611",
        "%31%32%37.0.0.1",
        "127.0.0.1.",
        "①②⑦.0.0.1",
    ],
)
def test_numbers_are_refused_in_every_spelling(host: str) -> None:
    assert literal_refusal(host) is not None


@pytest.mark.parametrize("host", ["hooks.example", "8.8.8.8", "localhost", "bücher.example", ""])
def test_names_are_left_to_the_resolver(host: str) -> None:
    assert literal_refusal(host) is None


def answering(*addresses: str) -> Any:
    async def lookup(host: str, port: int, family: int) -> list[tuple[Any, ...]]:
        kinds = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(kinds[":" in a], socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    return lookup


async def test_the_resolver_returns_what_it_checked() -> None:
    resolver = CheckedResolver(allow_private=False, lookup=answering("93.184.215.14", "2606:4700::1111"))
    assert [found["host"] for found in await resolver.resolve("hooks.example", 443)] == [
        "93.184.215.14",
        "2606:4700::1111",
    ]


async def test_one_private_answer_among_public_ones_is_enough_to_refuse() -> None:
    resolver = CheckedResolver(allow_private=False, lookup=answering("93.184.215.14", "10.0.0.7"))
    with pytest.raises(AddressRefused, match=r"hooks\.example resolves to 10\.0\.0\.7 is a private address"):
        await resolver.resolve("hooks.example", 443)


async def test_private_answers_pass_where_they_are_allowed() -> None:
    resolver = CheckedResolver(allow_private=True, lookup=answering("10.0.0.7"))
    assert [found["host"] for found in await resolver.resolve("hooks.example", 443)] == ["10.0.0.7"]


async def test_the_systems_own_lookup_knows_localhost() -> None:
    with pytest.raises(AddressRefused):
        await CheckedResolver(allow_private=False).resolve("localhost", 80)
