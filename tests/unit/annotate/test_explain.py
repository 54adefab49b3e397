"""`--explain`: every decision of the reader is told, with the reason, and telling changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.unit.annotate.conftest import article
from workers.annotate.confidence import SUREST
from workers.annotate.explain import ExplainedCandidate, Explanation
from workers.annotate.reader import Reader
from workers.cli.annotate import register

OWN = """\
types:
  port_closure:
    description: a port is shut
    yields_to: [harbour_strike]
    triggers:
      - verbs: [close, shut, "seal off"]
        object: [port, harbour]
        not subject: [film]
      - verbs: [close]
        object: [port]
        confidence: 0.4
      - nouns: [closure]
        of: [port]
    exclude: [close the port bar]
  harbour_strike:
    triggers:
      - verbs: [shut]
        object: [harbour]
        subject: [docker]
"""

Explain = Callable[..., Explanation]


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """A reader with the types above."""
    file = tmp_path_factory.mktemp("ontology") / "own.yaml"
    file.write_text(OWN, "utf-8")
    return Reader.load(model="en_core_web_sm", ontology=file)


@pytest.fixture(scope="module")
def explain(mine: Reader) -> Explain:
    reader = mine

    def _explain(text: str, title: str = "", **more: object) -> Explanation:
        one = article(text, title, **more)
        explanation = Explanation()
        told = reader.read([one], [explanation])[0]
        silent = reader.read([one])[0]
        assert told.events == silent.events
        return explanation

    return _explain


def of(explanation: Explanation, name: str) -> list[ExplainedCandidate]:
    return [one for sentence in explanation.sentences for one in sentence.candidates if one.type == name]


def reasons(explanation: Explanation, name: str = "port_closure") -> list[tuple[str, str]]:
    return [(one.dropped.reason, one.dropped.words) for one in of(explanation, name) if one.dropped is not None]


def test_a_taken_trigger_tells_status_roles_and_how_sure_it_is(explain: Explain) -> None:
    found = explain("Officials said Norway had not closed the port of Oslo in April.")
    (one,) = [one for one in of(found, "port_closure") if one.taken is not None]
    assert one.text == "closed"
    assert one.trigger.endswith("own.yaml:6")
    taken = one.taken
    assert taken is not None
    assert taken.status == "negated"
    assert any("not" in because for because in taken.because)
    assert [(role.id, role.slot) for role in taken.actor] == [("NO", "subject")]
    product = 1.0
    for _, factor in taken.factors:
        product *= factor
    assert taken.confidence == pytest.approx(min(SUREST, product), abs=0.001)


def test_a_condition_that_is_not_met_names_slot_words_and_line(explain: Explain) -> None:
    found = explain("Norway closed the meeting on Monday.")
    first = of(found, "port_closure")[0]
    assert first.dropped is not None
    assert first.dropped.reason == "condition"
    assert first.dropped.slots == ("object",)
    assert first.dropped.wanted == ("port", "harbour")
    assert first.dropped.found == {"object": ("the meeting",)}
    assert first.dropped.at.endswith("own.yaml:7")
    assert first.dropped.words == "object: wanted port, harbour; found “the meeting”"


def test_a_forbidden_word_is_named(explain: Explain) -> None:
    (first, *_) = reasons(explain("The film shut the harbour for a week."))
    assert first == ("condition", "not subject: film; found “The film”")


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("They closed the port bar on Monday.", "excluded", "close the port bar"),
        ("The closure plan of the port was praised.", "modifier", "only describes “plan”"),
        ("Dockers shut the harbour on Monday.", "yields", "harbour_strike already"),
        ("Norway closed the port on Monday.", "outranked", "own.yaml:6 is surer"),
        ("Norway closed the port on Monday and shut the harbour.", "merged", "the same happening as “closed”"),
        ("It is a close friend of the port.", "part of speech", "asks for a verb; here “close” is an adjective"),
        ("They seal cans when the lid is off.", "words apart", "do not belong together"),
        ("Sailors dislike a closure of the port.", "mention", "no verb says that it happened"),
    ],
)
def test_every_other_reason_is_told(text: str, reason: str, words: str, explain: Explain) -> None:
    found = reasons(explain(text))
    assert any(told == reason and words in said for told, said in found), found


def test_what_was_left_out_is_told_in_its_own_words(explain: Explain) -> None:
    text = (
        "By Anna Berg\n\nOSLO, May 15 (Reuters) - Norway closed the port of Oslo on Monday.\n\nWhat happened next\n\n"
        "Rain fell on the hills, and the ferries waited for better weather until the evening came.\n\n"
        "Read also: Dockers shut the harbour"
    )
    found = explain(text, title="Norway closed the port of Oslo")
    told = {(one.why, one.text.strip()) for one in found.left}
    assert ("byline", "By Anna Berg") in told
    assert ("dateline", "OSLO, May 15 (Reuters) -") in told
    assert ("heading", "What happened next") in told
    assert ("boilerplate", "Read also: Dockers shut the harbour") in told
    assert all(found.text[one.start : one.end] == one.text for one in found.left if one.part == "text")


def test_a_headline_that_the_text_repeats_and_a_foreign_text_are_told(explain: Explain) -> None:
    found = explain("Norway closed the port on Monday.", title="Norway closed the port")
    assert [one.why for one in found.left if one.part == "title"] == ["the text begins with these words"]
    foreign = explain("Norwegen hat den Hafen am Montag geschlossen, sagte der Minister.", lang="de")
    assert foreign.why_unread == "its language is de; the model reads en"


# --- the command -------------------------------------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, mine: Reader) -> Callable[..., str]:
    monkeypatch.setattr(Reader, "load", lambda **_options: mine)  # loaded once; test_cli.py loads as users do
    for name in ("TOCSIN_ONTOLOGY", "TOCSIN_MODEL", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    app = typer.Typer()
    register(app)
    app.command()(_other)

    def _run(*arguments: str, text: str = "", code: int = 0, **environment: str) -> str:
        command = ["annotate", *arguments]
        result = CliRunner().invoke(app, command, input=text, env=environment)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.output

    return _run


def _other() -> None:
    """Keeps `annotate` a command of its own."""


def test_a_plain_sentence_on_standard_input_is_explained(run: Callable[..., str]) -> None:
    shown = run("-", "--explain", text="Norway closed the port of Oslo on Monday. Dockers closed ranks.\n")
    assert "✓ port_closure “closed” actual 0.98" in shown
    assert "NO (“Norway”, subject)" in shown
    assert "place:oslo" in shown
    assert "0.98 = 0.85 trigger × 1.1 place × 1.1 date, bounded" in shown
    assert "✗ port_closure “closed”" in shown
    assert "object: wanted port, harbour; found “ranks”" in shown
    assert "\x1b[" not in shown


def test_a_narrow_terminal_keeps_every_word(run: Callable[..., str]) -> None:
    text = "Norway closed the port of Oslo on Monday. Dockers closed ranks.\n"
    narrow = run("-", "--explain", text=text, COLUMNS="40")
    assert max(len(line) for line in narrow.splitlines()) <= 40
    assert "wanted port, harbour; found “ranks”" in " ".join(narrow.split())


def test_colour_is_used_only_where_it_is_wanted(run: Callable[..., str]) -> None:
    text = "Norway closed the port of Oslo on Monday.\n"
    assert "\x1b[" in run("-", "--explain", text=text, FORCE_COLOR="1")
    assert "\x1b[3" not in run("-", "--explain", text=text, FORCE_COLOR="1", NO_COLOR="1")


def test_a_folder_is_explained_as_json_lines(run: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "a.txt").write_text("Norway closed the port of Oslo on Monday.", "utf-8")
    (folder / "b.jsonl").write_text(json.dumps({"id": "b", "text": "Rain fell."}) + "\n", "utf-8")
    lines = [json.loads(line) for line in run(str(folder), "--explain", "--json").splitlines()]
    assert len(lines) == 2
    (event,) = lines[0]["annotation"]["events"]
    candidates = lines[0]["explanation"]["sentences"][0]["candidates"]
    (taken,) = [one for one in candidates if one["taken"] is not None]
    assert taken["start"] == event["trigger"]["start"]
    assert lines[1]["annotation"]["article_id"] == "b"


def test_json_without_explain_is_refused_with_a_reason(run: Callable[..., str]) -> None:
    assert "it goes with --explain" in " ".join(run("-", "--json", text="{}", code=2).split())


def test_one_type_alone_is_explained(run: Callable[..., str]) -> None:
    text = "Norway closed the port of Oslo on Monday. Dockers closed ranks. Iran fired a missile.\n"
    shown = run("-", "--explain", "--type", "missile_launch", text=text)
    assert "✓ missile_launch" in shown
    assert "port_closure" not in shown
    assert "there is no event type 'misile'" in " ".join(
        run("-", "--explain", "--type", "misile", text=text, code=2).split()
    )
