"""Tables as they are found: line ends of old, quotes that nobody closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.archives.test_formats import one, read, write
from topics.articles import Article
from workers.archives.formats import Malformed


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["", "\r"])
def test_a_table_with_the_line_ends_of_old_macs(tmp_path: Path, encoding: str, ending: str) -> None:
    content = 'title,text\rA,"Norway, ""the\rport"""\rB,second' + ending
    first, second = read(write(tmp_path / "a.csv", content.encode(encoding)))
    assert isinstance(first, Article)
    assert isinstance(second, Article)
    assert [first.title, first.text.replace("\r", "\n"), second.text] == ["A", 'Norway, "the\nport"', "second"]


def test_a_cell_may_hold_such_a_line_end(tmp_path: Path) -> None:
    assert one(write(tmp_path / "a.csv", b'"ti\rtle","text"\nA,"of\rtwo"\n')).text == "of\rtwo"
    assert one(write(tmp_path / "b.csv", b'title,text\r\nA,"of\rtwo"\r\n')).text == "of\rtwo"


def test_an_open_quote_that_swallows_rows_is_told_with_the_line_where_it_opens(tmp_path: Path) -> None:
    good, bad = read(write(tmp_path / "a.csv", 'title,text\nA,"one\ntwo"\nB,"never closed\nC,x\nD,y\n'))
    assert isinstance(good, Article)
    assert isinstance(bad, Malformed)
    assert bad.line == 4
    assert "never closed" in bad.reason
    assert "3 lines" in bad.reason
    assert one(write(tmp_path / "b.csv", 'title,text\nA,"of one line\n')).text == "of one line"
