"""What is left out of memory when Tocsin starts, and that it is there as soon as anyone asks for it."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ("rich", "requests", "typer", "jinja2", "weasel", "langcodes.data_dicts")
_LATER = """
import json, sys
import workers.annotate.reader
loaded = [name for name in sys.argv[1:] if name in sys.modules]
import spacy
from spacy.cli.convert import convert
import spacy.cli, langcodes, rich.traceback, structlog
print(json.dumps({
    "loaded": loaded,
    "convert": convert.__module__,
    "info": "spacy_version" in spacy.info(silent=True),
    "app": type(spacy.cli.app).__name__,
    "commands": spacy.cli.__file__ is not None,
    "valid": langcodes.tag_is_valid("en"),
}))
"""


def test_what_reading_never_needs_is_loaded_by_who_asks_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", _LATER, *HEAVY], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        "loaded": [],
        "convert": "spacy.cli.convert",
        "info": True,
        "app": "Typer",
        "commands": True,
        "valid": True,
    }


def test_spacy_that_was_there_before_is_left_alone() -> None:
    script = "import spacy.cli, rich, workers.annotate.reader; print(spacy.cli.app.info.name)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_a_program_that_uses_the_component_keeps_its_own_settings() -> None:
    code = "import gc, sys, spacy; a = gc.get_threshold(), list(sys.meta_path); import workers.annotate.component; "
    code += "assert a == (gc.get_threshold(), list(sys.meta_path))"
    subprocess.run([sys.executable, "-c", code], check=True)
