"""Several alerts in one message, for every type of receiver; and through a real HTTP server."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from standardwebhooks import Webhook

from tests.rig.http_receiver import HttpReceiver
from tests.unit.notify import block_kit
from tests.unit.notify.samples import NOON, SECRET, Start, hook, incoming, make_alert, until
from tests.unit.notify.test_slack import alerts
from topics.alerts import Alert
from workers.notify.message import Group, Message
from workers.notify.receivers import email, file, groups, slack, template, webhook
from workers.notify.sending import request_for
from workers.notify.targets import Grouping, SlackReceiver, WebhookReceiver

HIGH = make_alert("a")
CRITICAL = make_alert("b", level="critical", title="Two summits")
GONE = make_alert("c", state="retracted", sequence=5)
THREE = Group("group_1", (HIGH, CRITICAL, GONE), {"actor": ("XN",), "place": ()})


def body(receiver: Any, group: Group = THREE, **more: Any) -> bytes:
    return request_for(receiver, Message(group.alerts[0], group=group, **more), NOON).body


def test_a_webhook_gets_a_list_under_one_id() -> None:
    receiver = WebhookReceiver(name="w", url=SecretStr("https://x.example/"), secrets=(SecretStr(SECRET),))
    request = request_for(receiver, Message(HIGH, group=THREE), datetime.now(UTC))
    told = Webhook(SECRET).verify(request.body, request.headers)
    assert request.headers["webhook-id"] == told["id"] == "group_1"
    assert (told["version"], told["type"], told["group"]) == (2, "alerts", {"actor": ["XN"], "place": []})
    assert [(one["type"], one["data"]["id"]) for one in told["alerts"]] == [
        ("alert.firing", "a"), ("alert.firing", "b"), ("alert.retracted", "c"),
    ]  # fmt: skip
    assert Alert.model_validate(told["alerts"][0]["data"]) == HIGH
    assert body(receiver) == body(receiver)
    assert json.loads(body(receiver, test=True))["test"] is True


def test_without_group_by_the_body_is_what_it_was() -> None:
    receiver = WebhookReceiver(name="w", url=SecretStr("https://x.example/"))
    told = json.loads(request_for(receiver, Message(HIGH), NOON).body)
    assert (told["version"], told["type"]) == (1, "alert.firing")
    assert set(told) == {"version", "type", "timestamp", "data"}


def test_cloudevents() -> None:
    for way in ("structured", "binary"):
        request = webhook.group_envelope(THREE, cloudevents=way)  # type: ignore[arg-type]  # one of the two
        told = json.loads(request.body)
        data = told["data"] if way == "structured" else told
        assert len(data["alerts"]) == 3
        kind = told["type"] if way == "structured" else request.headers["ce-type"]
        assert kind == "tocsin.alerts"


def test_a_template_sees_all_and_the_most_urgent() -> None:
    text = (
        '{"n": {{ alerts | length }}, "text": {{ headline | tojson }}, "level": "{{ alert.level }}", '
        '"g": {{ group | tojson }}}'
    )
    receiver = WebhookReceiver(name="w", url=SecretStr("https://x.example/"), template=text)
    assert json.loads(body(receiver)) == {
        "n": 3, "text": "2 alerts and 1 retracted (actor XN)", "level": "critical", "g": {"actor": ["XN"], "place": []},
    }  # fmt: skip
    alone = json.loads(template.render(text, HIGH, message_id="m"))
    assert (alone["n"], alone["text"]) == (1, "Launch plus summit")


def test_slack_tells_the_most_urgent_first_and_counts_what_does_not_fit() -> None:
    message = slack.render_group(THREE)
    assert block_kit.problems(message) == []
    assert message["text"].startswith("🚨 critical: 2 alerts and 1 retracted (actor XN); first: Two summits")
    sections = [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]
    assert [text.split("*")[1] for text in sections] == [
        "🚨 critical: Two summits", "🔔 high: Launch plus summit", "🔔 high: Retracted: Launch plus summit",
    ]  # fmt: skip
    many = Group("g", tuple(make_alert(f"a{n:02}") for n in range(50)))
    message = slack.render_group(many)
    assert block_kit.problems(message) == []
    shown = sum(block["type"] == "section" for block in message["blocks"])
    assert f"and {50 - shown} more alerts; `tocsin alerts list` shows all" in json.dumps(message)
    assert shown >= 10


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(alerts(), min_size=1, max_size=6), st.booleans())
def test_hostile_groups_stay_within_block_kits_limits(several: list[Alert], test: bool) -> None:
    group = Group("g", tuple(several), {"actor": tuple(one.title for one in several)})
    message = slack.render_group(group, test=test)
    assert block_kit.problems(message) == []
    assert len(json.dumps(message["blocks"], ensure_ascii=False)) <= slack.MAX_ALL
    receiver = SlackReceiver(name="s", url=SecretStr("https://x.example/"))
    assert block_kit.problems(json.loads(body(receiver, group))) == []
    mail = email.render_group(group, sender="a@b.example", to=("c@d.example",), sent_at=NOON, test=test)
    assert "\n" not in mail["Subject"]
    assert "<script" not in mail.as_string()


def test_the_table_of_slacks_limits() -> None:
    """`pytest -s` shows it: the largest of each that hostile alerts and groups of them made, beside Slack's limit."""
    largest = dict.fromkeys(("blocks", "header", "section", "context", "text", "all blocks as JSON"), 0)
    rendered: list[dict[str, Any]] = []

    @settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None, database=None)
    @given(st.lists(alerts(), min_size=1, max_size=5))
    def render(several: list[Alert]) -> None:
        rendered.extend((slack.render(several[0]), slack.render_group(Group("g", tuple(several)))))

    render()
    for message in rendered:
        assert block_kit.problems(message) == []
        sizes = [("blocks", len(message["blocks"])), ("text", len(message["text"]))]
        sizes.append(("all blocks as JSON", len(json.dumps(message["blocks"], ensure_ascii=False))))
        for block in message["blocks"]:
            texts = [block["text"]] if "text" in block else block["elements"]
            sizes += [(block["type"], len(text["text"])) for text in texts]
        largest |= {name: max(size, largest[name]) for name, size in sizes if size > largest[name]}
    limits = dict(zip(largest, (50, 150, 3000, 3000, 4000, 13_200), strict=True))
    print(f"\n{len(rendered)} messages of hostile alerts\n| of a message | largest | Slack's limit |\n|---|---|---|")
    for name, limit in limits.items():
        print(f"| {name} | {largest[name]} | {limit} |")
        assert largest[name] <= limit


def test_a_mail_of_several() -> None:
    mail = email.render_group(THREE, sender="Tocsin <t@x.example>", to=("d@x.example",), sent_at=NOON)
    assert mail["Subject"] == "🚨 critical: 2 alerts and 1 retracted (actor XN)"
    assert mail["Message-ID"] == "<group_1@x.example>"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has one
    assert text.index("CRITICAL: Two summits") < text.index("HIGH: Launch plus summit") < text.index("Retracted:")
    assert mail.get_body(("html",)).get_content().count("<h1") == 4  # type: ignore[union-attr]  # it has one


def test_a_line_of_json_and_a_group_of_one() -> None:
    line = json.loads(file.render_group(THREE))
    assert (line["id"], len(line["alerts"])) == ("group_1", 3)
    one = Group("g", (HIGH,), {"actor": ("XN",)})
    assert groups.headline(one) == "Launch plus summit"
    assert slack.render_group(one) == slack.render(HIGH)
    states = [make_alert("x", state=state) for state in ("firing", "updated", "standing", "retracted", "expired")]
    assert groups.number_words(Group("g", tuple(states))) == "1 alert, 1 updated, 1 standing, 1 retracted and 1 closed"


async def test_one_request_for_all_of_a_group_through_the_whole_step(start: Start, receiver: HttpReceiver) -> None:
    receiver.answer(500, 500)
    together = replace(hook(receiver), grouping=Grouping(by=("actor",), wait=0.3, interval=60.0))
    step, published = await start(together)
    await step.handle(incoming(*(make_alert(f"al{n}") for n in range(3))))
    await until(lambda: published.outcomes().count("delivered") == 3)
    requests = receiver.requests
    assert len(requests) == 3
    assert len({(r.header("webhook-id"), r.body) for r in requests}) == 1
    assert [one["data"]["id"] for one in requests[0].json()["alerts"]] == ["al0", "al1", "al2"]
    assert {d.notification for d in published.deliveries()} == {requests[0].header("webhook-id")}
