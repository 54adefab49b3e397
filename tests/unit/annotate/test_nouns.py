"""The common nouns of the classes `human` and `site`, and the table that they stand in."""

from __future__ import annotations

from pathlib import Path

from workers.annotate.generate_nouns import CLASSES, table
from workers.annotate.nouns import nouns

_CONCEPTS = """\
  1 a line of the licence begins with two blanks
00000001 03 n 01 entity 0 000 | all there is
00000002 18 n 02 person 0 individual 0 001 @ 00000001 n 0000 | a human being
00000003 18 n 01 baker 0 001 @ 00000002 n 0000 | bakes bread
00000004 06 n 02 structure 0 construction 0 001 @ 00000001 n 0000 | a thing built
00000005 06 n 01 bakery 0 001 @ 00000004 n 0000 | where bread is baked
00000006 04 n 01 guard 1 001 @ 00000001 n 0000 | a state of caution
00000007 18 n 01 guard 0 001 @ 00000002 n 0000 | a person who watches
00000008 18 n 01 baker_street 0 001 @i 00000002 n 0000 | a name
"""
_NOUNS = """\
baker n 1 1 @ 1 0 00000003
bakery n 1 1 @ 1 0 00000005
guard n 2 1 @ 2 0 00000007 00000006
person n 1 1 @ 1 0 00000002
"""
_USES = """\
baker%1:18:00:: 00000003 1 2
guard%1:18:00:: 00000007 1 1
guard%1:04:00:: 00000006 2 9
"""


def test_the_table_has_nouns_that_mostly_mean_the_class(tmp_path: Path) -> None:
    for name, text in (("data.noun", _CONCEPTS), ("index.noun", _NOUNS), ("index.sense", _USES)):
        (tmp_path / name).write_text(text, "utf-8")
    lines = [line for line in table(tmp_path).splitlines() if not line.startswith("#")]
    assert lines == ["human: baker person", "site: bakery"]


def test_persons_and_places_are_told_apart() -> None:
    assert set(nouns()) == set(CLASSES)
    assert {"schoolgirl", "worshipper", "fisherman"} <= nouns()["human"]
    assert {"warehouse", "substation", "ambulance"} <= nouns()["site"]
    assert "missile" not in nouns()["site"]
    assert not nouns()["human"] & nouns()["site"]
