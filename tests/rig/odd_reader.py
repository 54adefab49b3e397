"""A reader's process that does what texts tell it to: fail, hang, die. With other words it finds nothing.

`odd_reader FD PARENT`, as the real one.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from topics.annotations import Annotation, Fingerprint
from topics.articles import Article
from workers.annotate.copies import Copies
from workers.annotate.reader_messages import LENGTHS, Setup
from workers.annotate.reader_process import take_after
from workers.annotate.reader_tasks import serve
from workers.errors import ConfigurationError, InputError

if TYPE_CHECKING:
    from workers.annotate.reader import Unread

COMMAND = (sys.executable, "-m", "tests.rig.odd_reader")


class OddReader:
    """Texts: `bug` raises, `slow` takes a second, `spin` never ends, `die` ends the process, `babble` answers nonsense.

    `killed` ends it as the kernel does for want of memory; `die once FILE` likewise if the file is not there, and makes
    it. The model's name is a folder in which each process leaves a file of its own; the models `none` and `unreadable`
    cannot be loaded, `deadly` ends the process.
    """

    def __init__(self, setup: Setup) -> None:
        if setup.model == "none":
            raise ConfigurationError("There is no such model.", hint="Install it.")
        if setup.model == "unreadable":
            raise InputError("There is no such file.", hint="Name another.")
        if setup.model == "deadly":
            os._exit(3)
        (Path(setup.model) / f"{os.getpid()}.reader").touch()
        self.copies = Copies()
        self.repeated_sentences = 0

    def read_each(self, articles: Sequence[Article]) -> list[Annotation | Unread]:
        return [self._one(article) for article in articles]

    def _one(self, article: Article) -> Annotation | Unread:
        words = article.text.split()
        match words:
            case ["bug"]:
                raise ValueError("a bug")
            case ["slow"]:
                time.sleep(1)
            case ["long"]:
                from workers.annotate.reader import Unread  # noqa: PLC0415 - it brings spaCy, a second for the others

                return Unread(article.id, "it is too long")
            case ["die"]:
                os.kill(os.getpid(), signal.SIGSEGV)
            case ["killed"]:
                os.kill(os.getpid(), signal.SIGKILL)
            case ["die", "once", file] if not Path(file).exists():
                Path(file).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            case ["spin"]:
                while True:
                    pass
            case ["babble"]:
                os.write(int(sys.argv[1]), LENGTHS.pack(4, 0) + b"what")
            case ["print"]:
                print("libraries may write what they like")
        return Annotation(
            article_id=article.id,
            revision=article.revision,
            fetched_at=article.fetched_at,
            event_time=article.fetched_at,
            event_time_source="fetched",
            title=article.title,
            lang="en",
            fingerprint=Fingerprint(minhash=""),
            model="odd",
            ontology="none",
        )


if __name__ == "__main__":
    take_after(int(sys.argv[2]))
    serve(socket.socket(fileno=int(sys.argv[1])), OddReader)
