"""feedparser's own test feeds: its source distribution, fetched once by pip with the lock's hashes into `.cache`."""

from __future__ import annotations

import ast
import codecs
import fcntl
import mimetypes
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.rig.http_server import Answer, HttpServer, Received
from tests.rig.process import CannotStart
from workers.web.charsets import decoded

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "feedparser"
FETCH_SECONDS = 300.0

THEIR_SERVER = "http://127.0.0.1:8097"
"""What the expectations call the server that the feeds come from."""

_LOCKED = re.compile(r"^feedparser==(?P<version>[^\s\\]+)(?P<hashes>(?:\s*\\\n\s*--hash=\S+)+)", re.MULTILINE)
_HEADER = re.compile(r"^\s*Header:\s+([^:\n]+):(.+)$", re.MULTILINE)
_CODEC = re.compile(r"^\s*SkipUnless:.*lookup\(['\"]([^'\"]+)['\"]\)", re.MULTILINE)
_EXPECT = re.compile(r"^\s*Expect:\s*(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file says of its feed: `field` is `feed title`, `title`, `link` or `date`; `entry` counts from 0."""

    field: str
    entry: int
    value: str | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TestFeed:
    """One file, how it is served, and what is expected of it."""

    __test__ = False  # not a class of tests

    name: str
    body: bytes
    status: int
    headers: dict[str, str]
    expected: tuple[Expected, ...]


def feedparser_tests() -> Path:
    """The folder of tests, fetched if it is not there yet. Raises CannotStart if the package index does not give it."""
    version, requirement = _locked()
    folder = CACHE / version
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        # Two test runs in one checkout must not fetch into the same folder.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(requirement, folder)
    return folder / "tests"


@cache
def _locked() -> tuple[str, str]:
    found = _LOCKED.search((ROOT / "requirements.lock").read_text("utf-8"))
    if found is None:
        raise CannotStart("requirements.lock names no feedparser with hashes")
    return found["version"], found[0]


def _fetch(requirement: str, folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    (partial / "requirements.txt").write_text(requirement, "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", "feedparser", "--require-hashes", "-r", str(partial / "requirements.txt")]
    try:
        done = subprocess.run(
            [*command, "-d", str(partial)], capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CannotStart(f"pip did not fetch feedparser's source in {FETCH_SECONDS:.0f} s.") from error
    archives = list(partial.glob("feedparser-*.tar.gz"))
    if done.returncode != 0 or len(archives) != 1:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
        raise CannotStart(f"pip could not fetch feedparser's source distribution (code {done.returncode}):\n{said}")
    with tarfile.open(archives[0]) as archive:
        # Early patches of Python 3.11 know no filters; the archive is known by its hash.
        archive.extractall(partial, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (inside,) = (each for each in partial.glob("feedparser-*") if each.is_dir())
    inside.rename(folder)
    shutil.rmtree(partial)


def test_feeds() -> list[TestFeed]:
    """All of feedparser's feeds, in order of name."""
    folder = feedparser_tests()
    return [
        _test_feed(path, path.relative_to(folder).as_posix())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".py"
    ]


test_feeds.__test__ = False  # type: ignore[attr-defined]  # pytest would take the function for a test


def _test_feed(path: Path, name: str) -> TestFeed:
    body = path.read_bytes()
    said = decoded(body)
    headers = {key.strip(): value.strip() for key, value in _HEADER.findall(said)}
    status = int(headers.pop("Status", "200"))
    if name.startswith("compression/"):
        headers = {"Content-Encoding": "gzip" if path.suffix == ".gz" else "deflate", "Content-type": "application/xml"}
    headers.setdefault("Content-type", mimetypes.guess_type(path.name)[0] or "application/octet-stream")
    expression = _EXPECT.search(said) if _applies(said) else None
    return TestFeed(name, body, status, headers, tuple(_expectations(expression[1]) if expression else ()))


def _applies(said: str) -> bool:
    """Whether this Python knows the encoding that the test asks for; feedparser skips the test otherwise."""
    needed = _CODEC.search(said)
    if needed is None:
        return True
    try:
        codecs.lookup(needed[1])
    except LookupError:
        return False
    return True


def _expectations(expression: str) -> Iterator[Expected]:
    """The comparisons of title, link and date with a literal, in what feedparser's tests evaluate."""
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            try:
                value = ast.literal_eval(node.comparators[0])
            except ValueError:
                continue
            left = ast.unparse(node.left)
            if (found := _FIELDS.fullmatch(left)) and isinstance(value, (str, tuple)):
                yield Expected(_field(found), int(found["entry"] or 0), value)


_FIELDS = re.compile(
    r"(?P<feed>feed)(?:\.title|\['title'\]|\.title_detail\.value|\['title_detail'\]\['value'\])"
    r"|entries\[(?P<entry>\d)\](?:\.|\[')(?:(?P<title>title|title_detail(?:\.|'\]\[')value)|(?P<link>link)"
    r"|(?P<date>(?:published|updated|created)_parsed))(?:'\])?"
)


def _field(found: re.Match[str]) -> str:
    if found["feed"]:
        return "feed title"
    return next(name for name in ("title", "link", "date") if found[name])


@contextmanager
def feedparser_server(feeds: list[TestFeed]) -> Iterator[HttpServer]:
    """A server that serves each file under `/tests/NAME`, with the status and headers that the file asks for."""
    by_path = {f"/tests/{feed.name}": feed for feed in feeds}

    def respond(request: Received) -> Answer:
        feed = by_path.get(request.path)
        if feed is None:
            return Answer(status=304 if request.path == "/-/return-304.xml" else 404)
        here = server.url
        headers = {name: value.replace("http://localhost:8097", here) for name, value in feed.headers.items()}
        return Answer(status=feed.status, body=feed.body, headers=headers)

    server = HttpServer(respond)
    try:
        yield server
    finally:
        server.close()
