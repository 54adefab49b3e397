"""What may be had though it is not public: named networks and hosts, and nothing else."""

from __future__ import annotations

import pytest

from workers.addresses import ALL_PRIVATE_HOSTS, NO_PRIVATE_HOSTS, PrivateHosts, literal_refusal, refusal
from workers.errors import ConfigurationError
from workers.settings import Settings, load_settings

HERE = PrivateHosts.parse("127.0.0.0/8, 10.1.0.0/16, [fd00::1], wiki.intranet., Desk.Example")


def test_networks_and_names_are_told_apart() -> None:
    assert [str(each) for each in HERE.networks] == ["127.0.0.0/8", "10.1.0.0/16", "fd00::1/128"]
    assert HERE.names == {"wiki.intranet", "desk.example"}
    assert HERE.permits_name("WIKI.intranet")
    assert PrivateHosts.parse(" , ") == NO_PRIVATE_HOSTS


@pytest.mark.parametrize("address", ["127.9.9.9", "10.1.2.3", "fd00::1", "::ffff:10.1.2.3", "8.8.8.8"])
def test_what_is_permitted(address: str) -> None:
    assert refusal(address, HERE) is None
    assert literal_refusal(address, HERE) is None


@pytest.mark.parametrize("address", ["10.2.0.1", "169.254.169.254", "fd00::2", "::1", "::ffff:10.2.0.1"])
def test_what_is_not(address: str) -> None:
    assert refusal(address, HERE) is not None
    assert refusal(address, ALL_PRIVATE_HOSTS) is None


@pytest.mark.parametrize("words", ["10.0.0.0/33", "a b", "http://x"])
def test_what_is_neither_is_a_mistake_of_configuration(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="expected an address, a network or a host name"):
        PrivateHosts.parse(words)
    monkeypatch.setenv("TOCSIN_FEEDS_PRIVATE_HOSTS", words)
    with pytest.raises(ConfigurationError, match="a host name, found"):
        load_settings()


def test_the_contact_must_fit_into_a_header() -> None:
    assert Settings(feeds_contact="mailto:desk@example.org").feeds_contact == "mailto:desk@example.org"
    for wrong in ("a)b", "desk\nX-Evil: 1", "bücher.example"):
        with pytest.raises(ValueError, match="expected one address"):
            Settings(feeds_contact=wrong)
