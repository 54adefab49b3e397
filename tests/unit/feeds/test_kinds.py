"""Two hundred feeds of all kinds, over HTTP: each gives its stories in full, or a named reason."""

from __future__ import annotations

import pytest

from tests.benchmarks.feeds.feedparsers import run
from tests.benchmarks.feeds.hostile import withstand
from tests.benchmarks.feeds.outcomes import outcomes
from tests.rig.feed_kinds import bad_kinds, good_kinds, publish
from tests.rig.feed_server import feed_server

MIB = 1024 * 1024


async def test_every_good_kind_gives_its_stories() -> None:
    kinds = good_kinds()
    with feed_server() as server:
        found = await outcomes(publish(server, kinds))
    for kind, outcome in zip(kinds, found, strict=True):
        assert (outcome.crash, outcome.reason, outcome.problems) == (None, None, ()), kind.name
        assert len({article.id for article in outcome.articles}) == len(kind.stories), kind.name
        for article, story in zip(outcome.articles, kind.stories, strict=True):
            assert (article.title, article.text) == (story.title, story.text), kind.name
            assert (article.url or "").partition("?")[0].partition("#")[0] == story.link, kind.name
            assert article.published_at == story.at, kind.name
            assert (article.source, article.lang) == ("Coast", "fr"), kind.name
    assert len(kinds) + len(bad_kinds()) >= 200


async def test_every_bad_kind_gives_its_reason() -> None:
    kinds = bad_kinds()
    with feed_server() as server:
        found = await outcomes(publish(server, kinds))
    for kind, outcome in zip(kinds, found, strict=True):
        assert outcome.crash is None
        assert kind.reason in (outcome.reason or "nothing"), kind.name


@pytest.mark.heavy
def test_feedparsers_own_feeds_give_articles_or_a_reason() -> None:
    feeds, found, compared = run()
    assert len(feeds) > 2000
    assert [each for each in found if each.crash] == []
    assert all(each.title is not None or each.entries or each.reason or not each.articles for each in found)
    share = {name: compared.right[name] / compared.of[name] for name in compared.of}
    assert set(share) == {"feed title", "title", "link", "date"}
    assert min(share.values()) >= 0.94, compared.different
    assert sum(compared.right.values()) / sum(compared.of.values()) >= 0.98, compared.different


@pytest.mark.heavy
async def test_every_attack_is_refused_with_its_reason_in_flat_memory() -> None:
    found = await withstand()
    assert [f"{each.attack.name}: {each.outcome}" for each in found if not each.right] == []
    assert all(each.outcome.seconds < 90 for each in found)
    assert max(each.peak - each.before for each in found) < 100 * MIB
    assert found[-1].after - found[0].before < 100 * MIB
