"""The webhook's payload and its signature, checked with the public verifier."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from tests.unit.notify.samples import SECRET, make_alert, make_evidence
from topics.alerts import Alert
from workers.notify.message import Message
from workers.notify.receivers import webhook
from workers.notify.receivers.webhook import Request
from workers.notify.sending import request_for
from workers.notify.targets import WebhookReceiver

KEYS = (SecretStr(SECRET),)
URL = SecretStr("https://hooks.example/x")


def render(alert: Alert, *, attempted_at: datetime | None = None, test: bool = False, **options: Any) -> Request:
    """As a webhook receiver with these options gets it."""
    receiver = WebhookReceiver(name="ops", url=URL, **options)
    return request_for(receiver, Message(alert, test=test), attempted_at or datetime.now(UTC))


def test_the_payload_is_versioned_and_carries_the_whole_alert() -> None:
    alert = make_alert()
    found = json.loads(render(alert).body)
    assert {k: found[k] for k in ("version", "type", "timestamp")} == {
        "version": 1,
        "type": "alert.firing",
        "timestamp": "2026-03-01T13:00:00Z",
    }
    assert Alert.model_validate(found["data"]) == alert
    assert "test" not in found
    assert json.loads(render(make_alert(state="retracted")).body)["type"] == "alert.retracted"


def test_a_test_is_marked_and_has_an_id_of_its_own() -> None:
    alert = make_alert()
    assert json.loads(render(alert, test=True).body)["test"] is True
    assert webhook.message_id(alert, test=True) != webhook.message_id(alert)


def test_the_public_verifier_accepts_and_a_changed_byte_fails() -> None:
    made = render(make_alert(title="Über „Raketen“ 🚀"), attempted_at=datetime.now(UTC), secrets=KEYS)
    assert Webhook(SECRET).verify(made.body, made.headers)["type"] == "alert.firing"
    for place in (0, len(made.body) // 2, len(made.body) - 1):
        changed = bytearray(made.body)
        changed[place] ^= 1
        with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
            Webhook(SECRET).verify(bytes(changed), made.headers)
    for header in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        spoilt = {**made.headers, header: made.headers[header][:-2] + "zz"}
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(made.body, spoilt)


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_is_signed_as_the_bytes_that_are_sent(title: str, sentence: str) -> None:
    alert = make_alert(title=title, evidence=(make_evidence(sentence),))
    made = render(alert, attempted_at=datetime.now(UTC), secrets=KEYS)
    assert Webhook(SECRET).verify(made.body, made.headers)["data"]["title"] == title


def test_every_attempt_has_the_same_id_and_body_but_its_own_time_and_signature() -> None:
    first = render(make_alert(), attempted_at=datetime.now(UTC), secrets=KEYS)
    later = render(make_alert(), attempted_at=datetime.now(UTC) + timedelta(seconds=60), secrets=KEYS)
    assert first.body == later.body
    assert first.headers["webhook-id"] == later.headers["webhook-id"] == "alert_al1_firing"
    assert first.headers["webhook-signature"] != later.headers["webhook-signature"]


def test_states_and_alerts_have_ids_of_their_own() -> None:
    odd = [make_alert("a.b"), make_alert("a\r\nX: y"), make_alert("é" * 200)]
    alerts = [make_alert("a"), make_alert("b"), make_alert("a", state="retracted"), *odd]
    ids = [webhook.message_id(alert) for alert in alerts]
    assert len(set(ids)) == len(ids)
    assert all(name.isascii() and "." not in name and name.isprintable() and len(name) < 130 for name in ids)


def test_while_a_key_is_changed_the_old_and_the_new_one_verify() -> None:
    new = "whsec_" + "bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3"
    made = render(make_alert(), attempted_at=datetime.now(UTC), secrets=(SecretStr(SECRET), SecretStr(new)))
    Webhook(SECRET).verify(made.body, made.headers)
    Webhook(new).verify(made.body, made.headers)


def test_without_a_key_there_is_no_signature() -> None:
    made = render(make_alert(), attempted_at=datetime.now(UTC))
    assert "webhook-signature" not in made.headers
    assert {"webhook-id", "webhook-timestamp"} <= set(made.headers)
