"""The generated documents: as committed, well-formed, and true of real records."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from topics import generate
from topics.admin import MAX_MESSAGE_BYTES, RETENTION_DAYS
from topics.articles import Article
from topics.codec import RECORDS
from topics.names import FLOW, TopicKind

README = Path(generate.__file__).parent / "README.md"


def resolve(document: Any, reference: str) -> Any:
    assert reference.startswith("#/")
    for step in reference[2:].split("/"):
        document = document[step]
    return document


def test_what_is_committed_is_what_the_models_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("kind", FLOW)
def test_each_schema_is_one_and_describes_the_record(kind: TopicKind) -> None:
    schema = generate.json_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert schema["description"]
    assert set(schema["properties"]) == set(RECORDS[kind].model_fields)


def test_a_record_as_written_satisfies_its_schema_and_a_wrong_one_does_not() -> None:
    validator = Draft202012Validator(generate.json_schema("articles"))
    good = Article(id="a", revision="r", text="t", fetched_at=datetime(2026, 3, 1, tzinfo=UTC))
    validator.validate(json.loads(good.model_dump_json()))
    validator.validate({**json.loads(good.model_dump_json()), "of_a_newer_writer": 1})
    assert [e.message for e in validator.iter_errors({"id": "a", "revision": "r", "fetched_at": "x"})] == [
        "'text' is a required property"
    ]


def test_the_asyncapi_document_has_the_structure_of_version_3() -> None:
    document = generate.asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    assert set(document["channels"]) == set(FLOW)
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = resolve(document, operation["channel"]["$ref"])
        for message in operation["messages"]:
            # Rule of the specification: an operation's messages are among those of its channel.
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
            assert resolve(document, message["$ref"]) in channel["messages"].values()
    for kind, channel in document["channels"].items():
        assert channel["address"] == f"tocsin.{kind}"
        (reference,) = channel["messages"].values()
        message = resolve(document, reference["$ref"])
        assert message["payload"]["schema"]["$ref"].removeprefix("./") in generate.documents()
        assert message["bindings"]["kafka"]["key"]["type"] == "string"
    assert all(re.fullmatch(r"[a-zA-Z0-9.\-_]+", name) for name in document["components"]["messages"])


def test_check_shows_the_difference_and_writing_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"], tmp_path / "none") == 1
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0
    (tmp_path / "old.schema.json").write_text("{}")
    stale = tmp_path / "alerts.schema.json"
    stale.write_text(stale.read_text().replace('"level"', '"loudness"'))
    capsys.readouterr()
    assert generate.main(["--check"], tmp_path) == 1
    shown = capsys.readouterr()
    assert '-    "loudness": {' in shown.out
    assert '+    "level": {' in shown.out
    assert "old.schema.json" in shown.out
    assert "python -m topics.generate" in shown.err
    assert generate.main([], tmp_path) == 0
    assert generate.differences(tmp_path) == []
    assert not (tmp_path / "old.schema.json").exists()


def test_the_table_for_people_says_the_same() -> None:
    table = README.read_text("utf-8")
    for kind in FLOW:
        (row,) = [line for line in table.splitlines() if line.startswith(f"| `{kind}` |")]
        assert f"`{RECORDS[kind].__name__}`" in row
        assert f"| {generate.KEYS[kind]} |" in row
        assert f"| {RETENTION_DAYS[kind]} days |" in row
        assert f"| {MAX_MESSAGE_BYTES[kind] // (1024 * 1024)} MiB |" in row
        assert generate.WRITERS[kind] in row
