"""An app in Slack, by its bot token: one message for an incident, changed in place; changes are told in its thread.

The incident's message is `chat.postMessage`; a retraction, or a firing after it, is `chat.update` of that message and
a reply in its thread, in this order: an update that is made twice shows once. More evidence, and a closing, change the
message without a reply. A group of alerts is a message of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from workers.notify.addresses import Lookup, system_lookup
from workers.notify.message import Message
from workers.notify.receivers import slack
from workers.notify.targets import SlackReceiver
from workers.notify.transport import Answer, Transport
from workers.notify.verdicts import Attempt, Verdict

_PASSING = frozenset(
    {"ratelimited", "rate_limited", "message_limit_exceeded", "internal_error", "fatal_error", "service_unavailable",
     "request_timeout", "team_added_to_org", "accesslimited"}
)  # fmt: skip
_GONE = frozenset(
    {"account_inactive", "token_revoked", "token_expired", "invalid_auth", "not_authed", "org_login_required"}
)
_NO_MESSAGE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
"""The incident's message cannot be changed any more: a new one is posted."""

_SILENT = frozenset({"updated", "expired"})
"""Changes in place that page nobody."""

_FIELD = re.compile(rb'"(ok|error|channel|ts)"\s*:\s*("(?:[^"\\]|\\.)*"|true|false)')


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is."""

    channel: str
    ts: str

    @classmethod
    def of(cls, memo: str) -> Place | None:
        """From what was remembered; None for nothing, or for what is not ours."""
        try:
            found = json.loads(memo)
            return cls(str(found["channel"]), str(found["ts"]))
        except (ValueError, KeyError, TypeError):
            return None

    def to_memo(self) -> str:
        """As it is remembered."""
        return json.dumps({"channel": self.channel, "ts": self.ts})


class SlackApp:
    """A `sending.Channel`."""

    def __init__(self, receiver: SlackReceiver, *, lookup: Lookup = system_lookup) -> None:
        self._receiver = receiver
        self._transport = Transport(receiver, lookup=lookup)

    async def send(self, message: Message, attempted_at: datetime) -> Attempt:
        """Post, or change and reply. Raises nothing that `Transport` does not."""
        content = slack.content_of(message.alert, message.group, test=message.test)
        place = Place.of(message.memo)
        if place is None and message.alert.state == "expired":
            return Attempt("delivered", "there is no message of it to change")
        if place is not None:
            changed = await self._call(
                "chat.update", {"channel": place.channel, "ts": place.ts, **content}, attempted_at
            )
            if changed.error in _NO_MESSAGE and message.alert.state == "expired":
                return Attempt("delivered", f"its message cannot be changed any more: {changed.error}")
            if changed.error not in _NO_MESSAGE:
                if changed.attempt.verdict != "delivered" or message.alert.state in _SILENT:
                    return changed.attempt
                said = {"channel": place.channel, "thread_ts": place.ts, "text": content["text"]}
                return (await self._call("chat.postMessage", said, attempted_at)).attempt
        posted = await self._call("chat.postMessage", {"channel": self._receiver.channel, **content}, attempted_at)
        if posted.attempt.verdict == "delivered" and posted.place is not None:
            return replace(posted.attempt, memo=posted.place.to_memo())
        return posted.attempt

    async def close(self) -> None:
        """Close connections."""
        await self._transport.close()

    async def _call(self, method: str, content: Mapping[str, Any], attempted_at: datetime) -> Reply:
        token = self._receiver.token.get_secret_value() if self._receiver.token else ""
        headers = {"content-type": "application/json; charset=utf-8", "authorization": f"Bearer {token}"}
        address = f"{self._receiver.url.get_secret_value().rstrip('/')}/{method}"
        told = {**content, "unfurl_links": False, "unfurl_media": False}
        body = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
        answer = await self._transport.post(address, body, headers, attempted_at, listen=True)
        return reply(method, answer)


@dataclass(frozen=True, slots=True)
class Reply:
    """What Slack said: `error` is its word for what is wrong, empty if nothing is."""

    attempt: Attempt
    error: str = ""
    place: Place | None = None


def reply(method: str, answer: Answer) -> Reply:
    """Slack answers 200 whatever happened; its own `ok` tells. Pure.

    The message itself is repeated in the answer, which is read only in its beginning: `ok`, `error`, `channel` and `ts`
    stand before it.
    """
    if answer.attempt.verdict != "delivered":
        return Reply(answer.attempt)
    head = answer.body.partition(b'"message"')[0]
    try:
        found = {name.decode(): json.loads(value) for name, value in _FIELD.findall(head)}
    except ValueError:
        found = {}
    status = answer.attempt.status_code
    if found.get("ok") is True:
        where = found.get("channel"), found.get("ts")
        return Reply(answer.attempt, place=Place(str(where[0]), str(where[1])) if all(where) else None)
    if found.get("ok") is not False:
        return Reply(Attempt("retry", f"{method}: the answer is not Slack's", status_code=status))
    error = str(found.get("error", "no reason given"))
    verdict: Verdict = "retry" if error in _PASSING else "gone" if error in _GONE else "permanent"
    return Reply(Attempt(verdict, f"{method}: {error}", status_code=status), error)
