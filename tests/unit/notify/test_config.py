"""receivers.yaml: what it may say, what it may not, and that no message repeats a secret."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.notify.samples import SECRET, make_alert
from workers.errors import ConfigurationError, InputError
from workers.notify.config import load_receivers
from workers.notify.routing import Receivers
from workers.notify.targets import FileReceiver, SlackReceiver, TerminalReceiver, WebhookReceiver
from workers.settings import EXAMPLES_IN_CHECKOUT

HOOK = "https://hooks.example/services/T00000001/B00000002/verysecretpart"
ENVIRONMENT = {"HOOK": HOOK, "KEY": SECRET}


TYPES_TOLD = "webhook, slack, email, apprise, terminal, stdout, file"


def written(folder: Path, text: str) -> Path:
    file = folder / "receivers.yaml"
    file.write_text(text, "utf-8", errors="surrogatepass")
    return file


def load(folder: Path, text: str) -> Receivers:
    return load_receivers(written(folder, text), ENVIRONMENT)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, text)
    return [line.removeprefix(f"{folder}/receivers.yaml:") for line in caught.value.message.splitlines()]


def test_every_type_with_its_options(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(HOOK + "\n")
    (tmp_path / "auth").write_text("Bearer abcdef\n")
    found = load(
        tmp_path,
        """
receivers:
  - name: ops
    type: webhook
    url_env: HOOK
    secret_env: KEY
    timeout: 1500ms
    min_level: high
    every_change: true
    allow_private: true
    headers: {X-Team: desk, Authorization: {file: auth}}
    retry: {first: 2, longest: 5m, give_up_after: 2h, attempts: 9}
  - {name: slack, type: slack, url_file: hook}
  - {name: screen, type: terminal}
  - {name: disk, type: file, path: out/alerts.jsonl}
""",
    )
    ops, slack, screen, disk = found.all
    assert isinstance(ops, WebhookReceiver)
    assert (ops.url.get_secret_value(), ops.timeout, ops.min_level, ops.allow_private) == (HOOK, 1.5, "high", True)
    assert (ops.retry.first, ops.retry.longest, ops.retry.give_up_after, ops.retry.attempts) == (2, 300, 7200, 9)
    assert [key.get_secret_value() for key in ops.secrets] == [SECRET]
    assert {k: v.get_secret_value() for k, v in ops.headers.items()} == {
        "X-Team": "desk",
        "Authorization": "Bearer abcdef",
    }
    assert (ops.every_change, slack.every_change) == (True, False)
    assert isinstance(slack, SlackReceiver)
    assert slack.url.get_secret_value() == HOOK
    assert isinstance(screen, TerminalReceiver)
    assert isinstance(disk, FileReceiver)
    assert disk.path == tmp_path / "out/alerts.jsonl"
    assert found.names == ("ops", "slack", "screen", "disk")


def test_a_bare_list_will_do(tmp_path: Path) -> None:
    assert load(tmp_path, "- {name: a, type: terminal}").names == ("a",)


def test_the_example_loads() -> None:
    environment = {
        "TOCSIN_OPS_WEBHOOK_URL": HOOK, "TOCSIN_OPS_WEBHOOK_SECRET": SECRET, "TOCSIN_DESK_SLACK_URL": HOOK,
    }  # fmt: skip
    found = load_receivers(EXAMPLES_IN_CHECKOUT / "receivers.yaml", environment)
    assert {r.type for r in found.all} == {"webhook", "slack", "terminal", "file"}


def test_without_a_file_everything_goes_to_the_terminal_whatever_patterns_name() -> None:
    found = load_receivers(None)
    found.check_names(["desk-slack"])
    assert [r.type for r in found.route(make_alert(receivers=("desk-slack",))).receivers] == ["terminal"]


def test_several_keys_sign_while_one_is_changed(tmp_path: Path) -> None:
    other = "whsec_" + base64.b64encode(b"k" * 32).decode()
    (tmp_path / "keys").write_text(f"{SECRET}\n{other}\n")
    (ops,) = load(tmp_path, "- {name: a, type: webhook, url_env: HOOK, secret_file: keys}").all
    assert isinstance(ops, WebhookReceiver)
    assert len(ops.secrets) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: expected a list of receivers, found nothing"),
        ("receivers: []", "1:1: expected a list of receivers, found an empty list"),
        ("receivers: {a: 1}", "1:1: expected a list of receivers, found a mapping"),
        ("receivers:\n  - {name: a, type: terminal}\nextra: 1", "3:1: unknown field 'extra'"),
        ("- just words", "1:3: expected a receiver with `name` and `type`, found text"),
        ("- name: a\n  type: pager", f"2:3: type: expected one of {TYPES_TOLD}; found 'pager'"),
        ("- name: a", f"1:3: type: expected one of {TYPES_TOLD}; it is missing"),
        ("- type: terminal", "1:3: name is missing"),
        ("- name: Desk Slack\n  type: terminal", "1:3: name: expected lower-case letters, digits"),
        ('- name: "desk\\n"\n  type: terminal', "1:3: name: expected lower-case letters, digits"),
        ("- name: a\n  type: terminal\n  colour: red", "3:3: unknown field 'colour'; allowed: name, type, min_level"),
        ("- name: a\n  type: terminal\n  min_lvel: low", "3:3: unknown field 'min_lvel' (did you mean 'min_level'?)"),
        ("- name: a\n  type: terminal\n  min_level: loud", "3:3: min_level: input should be 'informational', 'low'"),
        ("- name: a\n  type: terminal\n  timeout: soon", "3:3: timeout: expected a duration such as 10s, 5m or 24h"),
        ("- name: a\n  type: terminal\n  timeout: 0", "3:3: timeout: input should be greater than 0; found 0"),
        ("- name: a\n  type: terminal\n  timeout: yes", "3:3: timeout: expected a duration"),
        ("- name: a\n  type: terminal\n  retry:\n    frist: 1s", "4:5: unknown field 'retry.frist' (did you m"),
        ("- name: a\n  type: terminal\n  retry: {attempts: 0}", "3:11: retry.attempts: input should be great"),
        ("- name: a\n  type: terminal\n  retry: often", "3:3: retry: input should be a valid dictionary"),
        ("- name: a\n  type: terminal\n- name: a\n  type: terminal", "3:3: a second receiver called 'a' (the f"),
        ("- {name: a, type: file}", "1:3: path is missing"),
        ("- {name: a, type: webhook}", "1:3: expected exactly one of url, url_env, url_file; found none"),
        (
            "- name: a\n  type: slack\n  url_env: HOOK\n  url_file: x",
            "4:3: expected exactly one of url, url_env, url_file; found url_env and url_file",
        ),
        ("- name: a\n  type: slack\n  url_env: NOT_SET", "3:3: the environment variable NOT_SET is not set"),
        ("- name: a\n  type: slack\n  url_file: nowhere", "3:3: the file nowhere cannot be read: No such file"),
        ("- name: a\n  type: slack\n  url: ftp://x/", "3:3: expected http://host/… or https://host/…"),
        ("- name: a\n  type: slack\n  url: 'https://x:99999/'", "3:3: not a URL: its host or port cannot be read"),
        ("- name: a\n  type: slack\n  url: 'https://x/a b'", "3:3: not a URL: it holds spaces"),
        ("- name: a\n  type: slack\n  url: http://127.0.0.1/", "3:3: 127.0.0.1 is a loopback address; `allow_private"),
        ("- name: a\n  type: slack\n  url: http://2130706433/", "3:3: 2130706433 is an address in an unusual spelling"),
        ("- name: a\n  type: slack\n  url: 'http://[::ffff:10.0.0.1]/'", "3:3: 10.0.0.1 is a private address"),
        ("- name: a\n  type: slack\n  url_env: HOOK\n  allow_private: 1", "4:3: allow_private: input should be"),
        (
            "- name: a\n  type: webhook\n  url_env: HOOK\n  headers: {Host: x}",
            "4:13: headers: Host is set by Tocsin itself",
        ),
        (
            "- name: a\n  type: webhook\n  url_env: HOOK\n  headers: {Webhook-Id: x}",
            "4:13: headers: Webhook-Id is set by Tocsin itself",
        ),
        (
            "- name: a\n  type: webhook\n  url_env: HOOK\n  headers: {CE-Id: x}",
            "4:13: headers: CE-Id is set by Tocsin itself",
        ),
        (
            '- name: a\n  type: webhook\n  url_env: HOOK\n  headers: {X: "a\\r\\nB: c"}',
            "4:13: headers: the value of X may hold printable ASCII only",
        ),
        (
            "- name: a\n  type: webhook\n  url_env: HOOK\n  headers: {X: {env: A, file: b}}",
            "4:13: headers.X: expected exactly one of env, file",
        ),
        (
            "- name: a\n  type: webhook\n  url_env: HOOK\n  secret: abcdef",
            "4:3: secret: secrets do not stand in this file; name where they are with secret_env or secret_file",
        ),
        ("- name: a\n  name: b\n  type: terminal", "2:3: field 'name' stands here a second time (first: 1:3)"),
        ("- name: a\n  type: [", "2:10: not YAML"),
        ("- &a [*a]", "too large, or an alias that holds itself"),
        ("- 1: a", "1:3: expected a word as the name of a field"),
        ("- name: 2026-02-31\n  type: terminal", "1:9: this value cannot be read; put it into quotes"),
        ("- name: a\n  type: te\brminal", "2:11: not YAML: the control character 0x8"),
        ("- {name: !x y, type: terminal}", "1:10: not YAML: could not determine a constructor for the tag '!x'"),
        ("[" * 5000, "nested too deeply"),
        ('- name: a\n  type: slack\n  url_file: "a\\0b"', "3:3: the file a\0b cannot be read"),
        ("- name: a\n  type: slack\n  url_file: ~nobody-here/x", "3:3: the file ~nobody-here/x cannot be read: N"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert any(expected in line for line in problems(tmp_path, text)), problems(tmp_path, text)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, "- {name: A, type: terminal, x: 1}\n- {type: slack}\n- {name: c, type: pigeon}\n")
    assert [line.split(":")[0] for line in found] == ["1", "1", "2", "3"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "hooks.example/secretsecret"),
        ("url_env", "https://hooks.example/secretsecret"),
        ("secret_env", "whsec_secretsecret=="),
        ("secret", "secretsecret"),
        ("token", "secretsecret"),
        ("url", "[secretsecret]"),
        ("headers", "secretsecret"),
        ("headers", "{X: [secretsecret]}"),
        ("headers", "{X: {value: secretsecret}}"),
        ("headers", '{X: "secretsecret\\n"}'),
        ("urll", "https://hooks.example/secretsecret"),
        ("timeout", "{secretsecret: 1}"),
    ],
)
def test_no_message_repeats_a_value_that_may_be_secret(tmp_path: Path, field: str, value: str) -> None:
    url = "" if field == "url" else "url_env: HOOK, "
    found = "\n".join(problems(tmp_path, f"- {{name: a, type: webhook, {url}{field}: {value}}}"))
    shown = field == "timeout"
    assert ("secretsecret" in found) is shown


@pytest.mark.parametrize("key", ["whsec_!!!", "whsec_", "whsec_c2hvcnQ="])
def test_a_key_that_cannot_sign_is_refused_without_being_repeated(tmp_path: Path, key: str) -> None:
    file = written(tmp_path, "- name: a\n  type: webhook\n  url_env: HOOK\n  secret_env: BAD\n")
    with pytest.raises(ConfigurationError, match=":4:3: ") as caught:
        load_receivers(file, {**ENVIRONMENT, "BAD": key})
    assert (key.removeprefix("whsec_") or key + "\n") not in str(caught.value)


OPTIONS = [
    "url",
    "url_env",
    "url_file",
    "secret_env",
    "headers",
    "retry",
    "timeout",
    "path",
    "min_level",
    "allow_private",
]
TYPES = ["webhook", "slack", "file", "terminal"]
WORDS = st.sampled_from(
    [*OPTIONS, *TYPES, "name", "type", "HOOK", "KEY", "first", "10s", "receivers", "high", "env", ""]
)
SCALARS = WORDS | st.integers() | st.floats() | st.booleans() | st.none() | st.text(max_size=20)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5))
NAMED = {"name": WORDS, "type": st.sampled_from(TYPES)}
RECEIVERS = st.lists(st.fixed_dictionaries(NAMED, optional=dict.fromkeys(OPTIONS, VALUES)), min_size=1, max_size=3)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(VALUES.map(json.dumps), RECEIVERS.map(json.dumps), st.text(max_size=200)))
def test_whatever_a_file_holds_it_loads_or_is_a_configuration_error(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = written(Path(folder), text)
        told = ""
        try:
            load_receivers(file, ENVIRONMENT)
        except ConfigurationError as error:
            told = str(error)
        assert not told or re.match(re.escape(str(file)) + r":\d+:\d+: |.*is not UTF-8", told)
        assert "verysecretpart" not in told


def test_a_file_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_receivers(tmp_path / "none.yaml")


def test_bytes_that_are_not_text_are_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_bytes(b"- name: \xff")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_receivers(tmp_path / "r.yaml")


def test_secrets_show_in_no_repr(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        "- {name: a, type: webhook, url_env: HOOK, secret_env: KEY, headers: {Authorization: {env: KEY}}}\n"
        "- {name: b, type: slack, url_env: HOOK}\n",
    )
    for shown in (repr(found), str(found), found.all[0].address(), found.all[1].address()):
        assert "verysecretpart" not in shown
        assert SECRET.removeprefix("whsec_") not in shown
    assert found.all[0].address() == "https://hooks.example/[redacted]"


def test_an_address_hides_user_and_password(tmp_path: Path) -> None:
    (one,) = load(
        tmp_path, "- {name: a, type: slack, url: 'https://me:hunter22@hooks.example:8443/x?token=abcdefgh'}"
    ).all
    assert one.address() == "https://hooks.example:8443/[redacted]"
    assert one.scrub("me:hunter22 abcdefgh said no") == "me:[redacted] [redacted] said no"


def test_names_that_do_not_exist_are_told_with_the_nearest(tmp_path: Path) -> None:
    found = load(tmp_path, "- {name: desk-slack, type: terminal}")
    found.check_names(["desk-slack"])
    with pytest.raises(ConfigurationError, match=r"'desk-slak' \(did you mean 'desk-slack'\?\)"):
        found.check_names(["desk-slack", "desk-slak"])


class TestRoute:
    found = Receivers(
        (
            TerminalReceiver(name="all"),
            TerminalReceiver(name="urgent", min_level="high"),
            TerminalReceiver(name="other"),
        ),
        source=Path("receivers.yaml"),
    )

    def names(self, **fields: Any) -> list[str]:
        return [r.name for r in self.found.route(make_alert(**fields)).receivers]

    def test_no_names_is_everybody(self) -> None:
        assert self.names() == ["all", "urgent", "other"]

    def test_names_choose(self) -> None:
        assert self.names(receivers=("other", "urgent")) == ["urgent", "other"]

    def test_below_its_level_a_receiver_is_left_alone(self) -> None:
        assert self.names(level="medium") == ["all", "other"]
        assert self.names(level="medium", receivers=("urgent",)) == []
        assert self.names(level="critical", receivers=("urgent",)) == ["urgent"]

    def test_a_name_that_nobody_bears_is_told(self) -> None:
        route = self.found.route(make_alert(receivers=("all", "gone", "gone")))
        assert ([r.name for r in route.receivers], route.unknown) == (["all"], ("gone",))
