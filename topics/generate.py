"""JSON Schema of every record and an AsyncAPI 3 document, generated from the models into `topics/schemas`.

`python -m topics.generate` writes them; with `--check` it compares them with what is there and fails on a difference.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from topics.admin import CLEANUP, MAX_MESSAGE_BYTES, RETENTION_DAYS
from topics.base import Record
from topics.codec import RECORDS, SCHEMA_VERSION_HEADER, TRACE_HEADER
from topics.names import FLOW, TopicKind, TopicNames

SCHEMAS = Path(__file__).resolve().parent / "schemas"
JSON_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

KEYS: Mapping[TopicKind, str] = {
    "articles": "article id",
    "annotations": "article id",
    "alerts": "pattern id",
    "deliveries": "alert id",
    "rejects": "topic/partition/offset of the refused record",
    "silences": "silence id",
}

WRITERS: Mapping[TopicKind, str] = {
    "articles": "produce",
    "annotations": "annotate",
    "alerts": "watch; notify, about a receiver",
    "deliveries": "notify",
    "rejects": "any step",
    "silences": "`tocsin silences`",
}

READERS: Mapping[TopicKind, str] = {
    "articles": "annotate",
    "annotations": "watch",
    "alerts": "notify",
    "deliveries": "people and consoles",
    "rejects": "people and consoles",
    "silences": "notify, when Redis has lost them",
}


def documents() -> dict[str, str]:
    """All generated files: name to content. The same records give the same bytes."""
    files = {f"{kind}.schema.json": _json(json_schema(kind)) for kind in FLOW}
    return files | {"asyncapi.json": _json(asyncapi())}


def json_schema(kind: TopicKind) -> dict[str, Any]:
    """The schema that a writer of the topic keeps to. A reader also takes unknown fields, and drops them."""
    record = RECORDS[kind]
    return {"$schema": JSON_SCHEMA_DIALECT, **_as_written(record.model_json_schema(mode="validation"))}


def asyncapi() -> dict[str, Any]:
    """An AsyncAPI 3.0 document: a channel a topic, its message, who sends and who receives."""
    names = TopicNames()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tocsin",
            "version": str(max(_version(record) for record in RECORDS.values())),
            "description": "What travels on Kafka between the steps of Tocsin. Generated from the models in topics/.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {kind: _channel(kind, names.of(kind)) for kind in FLOW},
        "operations": {
            **{f"{kind}.send": _operation("send", kind, WRITERS[kind]) for kind in FLOW},
            **{f"{kind}.receive": _operation("receive", kind, READERS[kind]) for kind in FLOW},
        },
        "components": {"messages": {kind: _message(kind) for kind in FLOW}},
    }


def _channel(kind: TopicKind, address: str) -> dict[str, Any]:
    return {
        "address": address,
        "title": kind,
        "description": f"{_summary(RECORDS[kind])} The default namespace is `tocsin`; TOCSIN_NAMESPACE changes it.",
        "messages": {RECORDS[kind].__name__: {"$ref": f"#/components/messages/{kind}"}},
        "bindings": {
            "kafka": {
                "topicConfiguration": {
                    "cleanup.policy": CLEANUP.get(kind, "delete").split(","),
                    "retention.ms": RETENTION_DAYS[kind] * 24 * 3600 * 1000,
                    "max.message.bytes": MAX_MESSAGE_BYTES[kind],
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation(action: Literal["send", "receive"], kind: TopicKind, who: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{kind}"},
        "summary": f"{who} {'writes' if action == 'send' else 'reads'} {kind}",
        "messages": [{"$ref": f"#/channels/{kind}/messages/{RECORDS[kind].__name__}"}],
    }


def _message(kind: TopicKind) -> dict[str, Any]:
    record = RECORDS[kind]
    return {
        "name": record.__name__,
        "title": record.__name__,
        "summary": _summary(record),
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {
                SCHEMA_VERSION_HEADER: {"type": "string", "const": str(_version(record))},
                TRACE_HEADER: {"type": "string", "description": "of the article that all this came from"},
            },
        },
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{kind}.schema.json"},
        },
        "bindings": {"kafka": {"key": {"type": "string", "description": KEYS[kind]}, "bindingVersion": "0.5.0"}},
    }


def _as_written(schema: dict[str, Any]) -> dict[str, Any]:
    """Without pydantic's `title` on every field: it repeats the field's name. An object property may be so named."""
    return {
        name: _inside(value)
        for name, value in schema.items()
        if name != "title" or not isinstance(value, str) or "properties" in schema
    }


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return _as_written(value)
    if isinstance(value, list):
        return [_inside(each) for each in value]
    return value


def _summary(record: type[Record]) -> str:
    return " ".join((record.__doc__ or record.__name__).split("\n\n")[0].split())


def _version(record: type[Record]) -> int:
    version: int = record.model_fields["schema_version"].default
    return version


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def differences(folder: Path) -> list[str]:
    """A unified diff, line by line, between `folder` and what the models say; empty if they agree."""
    wanted = documents()
    present = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")} if folder.is_dir() else {}
    found: list[str] = []
    for name in sorted(wanted.keys() | present.keys()):
        found.extend(
            difflib.unified_diff(
                present.get(name, "").splitlines(),
                wanted.get(name, "").splitlines(),
                f"{name} (committed)" if name in present else "(missing)",
                f"{name} (generated)" if name in wanted else "(no longer generated)",
                lineterm="",
            )
        )
    return found


def write(folder: Path) -> None:
    """Write all documents to `folder`; remove what is no longer generated."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = documents()
    for stale in folder.glob("*.json"):
        if stale.name not in wanted:
            stale.unlink()
    for name, content in wanted.items():
        (folder / name).write_text(content, "utf-8")


def main(arguments: list[str] | None = None, folder: Path = SCHEMAS) -> int:
    """The command line; the exit code is 1 if `--check` found a difference."""
    parser = argparse.ArgumentParser(prog="python -m topics.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing; exit code 1 on a difference")
    if parser.parse_args(arguments).check:
        found = differences(folder)
        sys.stdout.writelines(f"{line}\n" for line in found)
        if found:
            sys.stderr.write("The schemas are not those of the models: run `python -m topics.generate` and commit.\n")
        return 1 if found else 0
    write(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
