"""Archives with bytes changed, lost and put in: whatever is in them, it is an article or it is told; never an error."""

from __future__ import annotations

import gzip
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from backports import zstd

from tests.unit.archives.test_formats import MAIL, PAGE, warc
from topics.articles import Article
from topics.codec import encode
from workers.archives.formats import Malformed
from workers.archives.readers import read_paths

NOW = datetime(2026, 3, 5, tzinfo=UTC)
TABLE = b"id,title,text,date,tags\n" + b'7,"A, b","x ""y""\nz",2026-03-01,"p;q"\n8,T,words,1 March 2026,\n' * 20
CRAWL = (("https://c.example/1", PAGE, "text/html"), ("https://c.example/2", b"<p>x</p>", "text/html; charset=koi8-r"))
BOX = b"From a\n" + MAIL + b"\nFrom b\n" + MAIL.replace(b"text/plain", b"text/html")

SAMPLES = {
    "a.jsonl": b'{"text": "one", "published_at": "2026-03-01", "tags": ["a"]}\n{"text": "two"}\n' * 10,
    "a.csv": TABLE,
    "b.tsv": TABLE.replace(b",", b"\t"),
    "a.csv.gz": gzip.compress(TABLE),
    "a.csv.zst": zstd.compress(TABLE),
    "a.mbox": BOX,
    "a.mbox.gz": gzip.compress(BOX),
    "a.eml": MAIL.replace(b"text/plain", b"multipart/mixed; boundary=From"),
    "a.txt": "Café\n\nShips came.".encode("utf-16"),
    "a.html": PAGE,
    "a.warc": warc(*CRAWL, packed=False),
    "a.warc.gz": warc(*CRAWL),
}
ODD = (
    b"\0",
    b"\xff",
    b'"',
    b"\n",
    b"\r",
    b"From ",
    b"<",
    b"&#0;",
    b"\xef\xbb\xbf",
    b"=?utf-8?b?",
    b"-1",
    b"\x1f\x8b",
    b"9" * 30,
)


def mutated(content: bytes, dice: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        at = dice.randrange(len(changed) + 1)
        match dice.randrange(5):
            case 0:
                changed[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del changed[at : at + dice.choice((1, 3, 50))]
            case 2:
                changed[at:at] = dice.choice(ODD)
            case 3:
                other = dice.randrange(len(changed) + 1)
                changed[at:at] = changed[other : other + dice.choice((2, 30, 300))]
            case _:
                if dice.random() < 0.2:
                    del changed[at:]
    return bytes(changed)


def check(path: Path) -> list[Article | Malformed]:
    found = list(read_paths([str(path)], clock=lambda: NOW))
    for item in found:
        if isinstance(item, Malformed):
            assert item.file == str(path)
            assert item.reason
            assert len(str(item)) < 2000
        else:
            encode(item)
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_well(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(SAMPLES[name])
    assert any(isinstance(item, Article) for item in check(tmp_path / name))


@pytest.mark.parametrize("name", SAMPLES)
def test_changed_bytes(tmp_path: Path, name: str) -> None:
    _mutate(tmp_path / name, rounds=4 if name.startswith(("a.warc", "a.html")) else 150)


@pytest.mark.heavy
@pytest.mark.parametrize("name", SAMPLES)
def test_many_changed_bytes(tmp_path: Path, name: str) -> None:
    _mutate(tmp_path / name, rounds=30 if name.startswith(("a.warc", "a.html")) else 1500, seed=1)


def _mutate(path: Path, *, rounds: int, seed: int = 0) -> None:
    for number in range(rounds):
        content = mutated(SAMPLES[path.name], random.Random(f"{seed} {number} {path.name}"))
        path.write_bytes(content)
        try:
            check(path)
        except BaseException:
            print(f"seed {seed}, round {number}: {content!r}")
            raise
