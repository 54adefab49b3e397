"""The extra `apprise`, as installed: its own JSON service against a real local server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.rig.http_receiver import HttpReceiver
from tests.unit.notify.samples import make_alert
from workers.errors import ConfigurationError
from workers.notify.config import load_receivers
from workers.notify.message import Message
from workers.notify.sending import open_channel
from workers.notify.targets import Receiver


def configured(folder: Path, addresses: str) -> Receiver:
    """The receiver, by way of receivers.yaml."""
    (folder / "r.yaml").write_text("- {name: more, type: apprise, urls_env: ADDRESSES}\n")
    return load_receivers(folder / "r.yaml", {"ADDRESSES": addresses}).get("more")


async def test_an_alert_goes_out(receiver: HttpReceiver, tmp_path: Path) -> None:
    one = configured(tmp_path, f"json://127.0.0.1:{receiver.port}/secretpath json://127.0.0.1:{receiver.port}/b")
    channel = open_channel(one)
    found = await channel.send(Message(make_alert(), test=True), datetime.now(UTC))
    assert (found.verdict, found.reason) == ("delivered", None)
    assert sorted(r.path for r in receiver.requests) == ["/b", "/secretpath"]
    sent = json.loads(receiver.requests[0].body)
    assert sent["title"] == "🔔 high: [TEST] Launch plus summit"
    assert "“A rocket rose over the bay.”" in sent["message"]
    receiver.always(500)
    failed = await channel.send(Message(make_alert()), datetime.now(UTC))
    await channel.close()
    assert failed.verdict == "retry"
    assert "secretpath" not in (failed.reason or "") + one.address() + repr(one)


def test_what_it_does_not_understand_is_told_without_its_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Apprise does not understand address 2 of 2") as caught:
        configured(tmp_path, "json://127.0.0.1/ nonsense://veryverysecret")
    assert "veryverysecret" not in str(caught.value)
