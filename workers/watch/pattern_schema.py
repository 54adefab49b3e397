"""The JSON Schema of pattern files, for editors: `python -m workers.watch.pattern_schema` writes it beside this file.

A file that begins with the line `# yaml-language-server: $schema=PATH` is completed and checked as it is written. What
a schema cannot say (known rules, what this version cannot run yet) `tocsin patterns check` says.
"""

from __future__ import annotations

import json
from pathlib import Path

from workers.watch.pattern_document import PatternDocument

SCHEMA_FILE = Path(__file__).with_name("pattern.schema.json")


def schema_text() -> str:
    """The schema as it is to stand in the file."""
    schema = PatternDocument.model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Tocsin pattern"}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), "utf-8")
