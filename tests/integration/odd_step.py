"""The annotate step with a reader that does what texts tell it to: see `tests/rig/odd_reader.py`."""

from __future__ import annotations

import os

from tests.rig.odd_reader import COMMAND
from workers.annotate.agent import Annotate
from workers.annotate.reader_link import ReaderLink
from workers.annotate.reader_messages import Setup
from workers.logs import configure_logging
from workers.settings import load_settings
from workers.stream import run_step

if __name__ == "__main__":
    settings = load_settings(discover=False)
    configure_logging("info", "console", step="annotate")
    setup = Setup(model=os.environ["ODD_FOLDER"], ontology=None, batch_size=settings.batch_size, seconds=20.0,
                  cpu_limit=0.5, log_level="info", log_format="console")  # fmt: skip
    run_step(settings, Annotate(ReaderLink(setup, COMMAND)))
