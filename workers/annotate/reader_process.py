"""The process in which the reader of an annotate step works: `reader_process FD PARENT`, a socket and the step's id.

It ends when the step does, whichever way, and leaves signals to it.
"""

from __future__ import annotations

import signal
import socket
import sys

from workers.orphans import die_with_parent


def take_after(parent: int) -> None:
    """From now on only the step, `parent`, ends us."""
    # Ctrl-C, and a supervisor's signal to all of a group, are for the step: it drains, and we with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    die_with_parent(signal.SIGKILL, parent)


def main() -> None:
    """The process."""
    take_after(int(sys.argv[2]))  # before anything that takes time to import
    from workers.annotate.reader_tasks import load, serve  # noqa: PLC0415 - as said

    serve(socket.socket(fileno=int(sys.argv[1])), load)


if __name__ == "__main__":
    main()
