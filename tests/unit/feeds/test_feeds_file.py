"""`feeds.yaml` and OPML: every mistake at once with its place, edits that leave the rest alone, round trips."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from workers.errors import ConfigurationError, InputError
from workers.feeds.access import NoAccess, access_to
from workers.feeds.editing import add_feeds
from workers.feeds.opml import NotOpml, read_opml, write_opml
from workers.feeds.source_file import SubscriptionsFile
from workers.feeds.spans import AT_ONCE, NEVER
from workers.feeds.subscriptions import Subscription, load_subscriptions
from workers.settings import examples_dir

NOW = datetime(2026, 3, 2, tzinfo=UTC)

WHOLE = """\
gap: 3s
gaps: {slow.example: 30s}
defaults:
  tags: [news]
  alert_after: 2h
  headers: {X-Desk: night}
feeds:
  - https://coast.example/rss        # the short form
  - url: https://slow.example/a?key=${SLOW_KEY}
    source: Slow Wire
    tags: asia
    interval: 10m
    user_agent: Desk/1.0
    headers: {X-Key: "${SLOW_KEY}"}
    username: reader
    password: ${SLOW_PASSWORD}
    full_text: yes
    alert_after: at once
    silent_after: 2d
  - url: http://10.0.0.7/feed
    alert_after: never
    allow_private: true
"""
DOCS = Path(__file__).resolve().parents[3] / "docs"

AN_ADDRESS = "an address such as https://news.example/feed.xml"
NO_LOGIN = "an address without a login; username and password_file stand beside it"
A_VARIABLE = "${NAME} of an environment variable: secrets do not stand in this file (or: password_file)"
NAMES = "names of letters, digits and '-'"


def written(folder: Path, text: str) -> Path:
    file = folder / "feeds.yaml"
    file.write_text(text)
    return file


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_subscriptions(written(folder, text))
    return [line.removeprefix(f"{folder}/") for line in caught.value.message.splitlines()]


def test_a_whole_file(tmp_path: Path) -> None:
    found = load_subscriptions(written(tmp_path, WHOLE))
    coast, slow, private = found.feeds
    assert (coast.url, coast.tags, coast.interval) == ("https://coast.example/rss", ("news",), None)
    assert coast.alert_after == timedelta(hours=2)
    assert (slow.tags, slow.source, slow.full_text) == (("news", "asia"), "Slow Wire", True)
    assert (slow.interval, slow.alert_after, slow.silent_after) == (timedelta(minutes=10), AT_ONCE, timedelta(days=2))
    assert slow.headers == {"X-Desk": "night", "X-Key": "${SLOW_KEY}"}
    assert (private.alert_after, private.silent_after, private.allow_private) == (NEVER, NEVER, True)
    assert found.gap_of("slow.example") == timedelta(seconds=30)
    assert found.gap_of("coast.example") == timedelta(seconds=3)
    assert set(found.by_host()) == {"coast.example", "slow.example", "10.0.0.7"}


def test_the_example_and_the_file_of_the_docs_are_sound(tmp_path: Path) -> None:
    assert len(load_subscriptions(examples_dir() / "feeds.yaml").feeds) == 4
    (block,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "feeds.md").read_text("utf-8"), flags=re.DOTALL)
    _, wire = load_subscriptions(written(tmp_path, block)).feeds
    told = set(re.findall(r"^    (\w+):", block, flags=re.MULTILINE)) | {"url", "password"}
    assert told == set(Subscription.model_fields)
    assert wire.full_text


def test_an_empty_file_is_no_mistake(tmp_path: Path) -> None:
    assert load_subscriptions(written(tmp_path, "# nothing yet\n")).feeds == ()
    assert load_subscriptions(written(tmp_path, "feeds: []\n")).feeds == ()
    with pytest.raises(InputError, match="feeds add"):
        load_subscriptions(tmp_path / "missing.yaml")


def test_all_mistakes_at_once_with_their_places(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
gap: soon
defaults: {intervall: 5m}
feeds:
  - ftp://x.example/
  - url: https://a.example/
    interval: 10 seconds
    full_text: perhaps
    colour: red
  - url: https://reader:hunter2@a.example/
  - source: nowhere
  - url: https://b.example/
    password: hunter2
    headers: {"bad name": x}
  - url: https://b.example/
    interval: 5s
""",
    )
    assert found == [
        "feeds.yaml:1:6: gap: found 'soon'; allowed: a span such as 90s, 15m, 6h or 2d",
        "feeds.yaml:2:12: defaults.intervall: found an unknown key; one of the keys; did you mean interval?",
        "feeds.yaml:4:5: feeds[0].url: found 'ftp://x.example/'; allowed: " + AN_ADDRESS,
        "feeds.yaml:6:15: feeds[1].interval: found '10 seconds'; allowed: a span such as 90s, 15m, 6h or 2d",
        "feeds.yaml:7:16: feeds[1].full_text: found 'perhaps'; allowed: true or false",
        "feeds.yaml:8:5: feeds[1].colour: found an unknown key; one of the keys: "
        + ", ".join(Subscription.model_fields),
        "feeds.yaml:9:10: feeds[2].url: found a value that is not shown here; allowed: " + NO_LOGIN,
        "feeds.yaml:10:5: feeds[3].url: found nothing; it is required",
        "feeds.yaml:12:15: feeds[4].password: found a value that is not shown here; allowed: " + A_VARIABLE,
        "feeds.yaml:13:14: feeds[4].headers: found a value that is not shown here; allowed: " + NAMES,
        "feeds.yaml:15:15: feeds[5].interval: found '5s'; allowed: from 1m to 30d",
    ]
    assert "hunter2" not in str(found)


def test_contradictions(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
feeds:
  - https://a.example/
  - {url: https://b.example/, username: reader}
  - https://a.example/
  - {url: https://c.example/, username: r, password: "${P}", password_file: p}
""",
    )
    assert found == [
        "feeds.yaml:3:5: feeds[1]: found username or password alone; both of them, or none",
        "feeds.yaml:4:5: feeds[2].url: found 'https://a.example/'; an address of its own; line 2 has it already",
        "feeds.yaml:5:54: feeds[3].password: found password and password_file; one of them",
    ]


def test_secrets_come_from_outside_and_are_never_shown(tmp_path: Path) -> None:
    _, slow, _ = load_subscriptions(written(tmp_path, WHOLE)).feeds
    environment = {"SLOW_KEY": "k3y", "SLOW_PASSWORD": "hunter2"}
    access = access_to(slow, environment, tmp_path)
    assert access.url == "https://slow.example/a?key=k3y"
    assert access.headers["X-Key"] == "k3y"
    assert access.headers["Authorization"] == "Basic cmVhZGVyOmh1bnRlcjI="
    assert access.private
    assert "k3y" not in repr(access)
    assert access.scrubbed("https://slow.example/a?key=k3y is broken") == "https://slow.example/a?key=… is broken"
    for name in environment:
        with pytest.raises(NoAccess, match=f"the environment variable {name} is not set"):
            access_to(slow, {**environment, name: ""}, tmp_path)
    filed = slow.model_copy(update={"password": None, "password_file": Path("p")})
    with pytest.raises(NoAccess, match="the file p cannot be read: No such file"):
        access_to(filed, environment, tmp_path)
    (tmp_path / "p").write_text("hunter2\n")
    assert access_to(filed, environment, tmp_path).headers == access.headers


# -- adding ------------------------------------------------------------------------------------------------------------


def test_adding_leaves_the_rest_as_it_was(tmp_path: Path) -> None:
    file = written(tmp_path, WHOLE + "\n# the end\n")
    done = add_feeds(file, [{"url": "https://new.example/", "source": "N: it's"}, {"url": "https://coast.example/rss"}])
    assert (done.added, done.known, done.refused) == (["https://new.example/"], ["https://coast.example/rss"], [])
    text = file.read_text()
    assert text == WHOLE + "  - {source: 'N: it''s', url: 'https://new.example/'}\n\n# the end\n" or text.startswith(
        WHOLE
    )
    assert text.endswith("\n# the end\n")
    assert load_subscriptions(file).feeds[-1].source == "N: it's"
    again = add_feeds(file, [{"url": "https://new.example/"}])
    assert again.known == ["https://new.example/"]
    assert file.read_text() == text


def test_each_entry_stands_by_itself(tmp_path: Path) -> None:
    file, tags = tmp_path / "feeds.yaml", ["asia"]
    add_feeds(file, [{"url": "https://a.example/", "tags": tags}, {"url": "https://b.example/", "tags": tags}])
    assert file.read_text().splitlines()[2:] == [
        "  - url: https://a.example/",
        "    tags: [asia]",
        "  - url: https://b.example/",
        "    tags: [asia]",
    ]


def test_one_address_in_two_ways_of_writing_is_one_feed(tmp_path: Path) -> None:
    file = tmp_path / "feeds.yaml"
    add_feeds(file, [{"url": "https://a.example"}])
    ways = ["https://a.example/", "HTTPS://A.example:443/", "https://a.example/#top"]
    assert add_feeds(file, [{"url": url} for url in ways]).known == ways
    others = ["http://a.example/", "https://a.example:8443/", "https://a.example/A", "https://a.example/a"]
    assert add_feeds(file, [{"url": url} for url in others]).added == others
    with pytest.raises(ConfigurationError, match="an address of its own; line 3 has it already"):
        load_subscriptions(written(tmp_path, file.read_text() + "  - HTTPS://a.example\n"))


def test_who_adds_at_the_same_time_loses_nothing(tmp_path: Path) -> None:
    file, urls = tmp_path / "feeds.yaml", [f"https://n{number}.example/" for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda url: add_feeds(file, [{"url": url}]), urls))
    assert {feed.url for feed in load_subscriptions(file).feeds} == set(urls)


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "real.yaml"
    real.parent.mkdir()
    add_feeds(real, [{"url": "https://a.example/"}])
    link = tmp_path / "feeds.yaml"
    link.symlink_to(real)
    add_feeds(link, [{"url": "https://b.example/"}])
    assert link.is_symlink()
    assert len(load_subscriptions(real).feeds) == 2


@pytest.mark.parametrize(
    "before",
    [
        "",
        "# only a comment\n",
        "gap: 5s\n",
        "feeds:\n",
        "gap: 5s\nfeeds:\n- https://a.example/",
        "feeds:\n    - https://a.example/ # why\n    # later:\n    # - https://x.example/\ngap: 5s\n",
        "feeds:\n- url: https://a.example/\n  tags:\n  - x\n  - y\ndefaults:\n  interval: 5m\n",
        "feeds:\n- url: https://a.example/\n  tags: [x,\n    y]\n",
        "feeds:\n- url: https://a.example/\n  user_agent: >-\n    Desk\n    One\n\ngap: 5s\n",
    ],
)
def test_adding_to_files_of_all_shapes(tmp_path: Path, before: str) -> None:
    file = tmp_path / "feeds.yaml"
    file.write_text(before)
    there = load_subscriptions(file)
    entries = [{"url": "https://n.example/", "tags": ["a", "b"]}, {"url": "https://m.example/", "interval": "5m"}]
    assert add_feeds(file, entries).added == ["https://n.example/", "https://m.example/"]
    found = load_subscriptions(file)
    assert [feed.url for feed in found.feeds] == [
        *(f.url for f in there.feeds),
        "https://n.example/",
        "https://m.example/",
    ]
    assert found.feeds[-2].tags == ("a", "b")
    assert (found.gap, found.feeds[: len(there.feeds)]) == (there.gap, there.feeds)
    for comment in (line for line in before.splitlines() if "#" in line):
        assert comment in file.read_text()


def test_a_file_that_is_missing_is_made_and_a_broken_one_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "feeds.yaml"
    add_feeds(file, [{"url": "https://n.example/"}])
    assert [feed.url for feed in load_subscriptions(file).feeds] == ["https://n.example/"]
    broken = written(tmp_path, "feeds: [oops\n")
    with pytest.raises(ConfigurationError, match=r"feeds\.yaml:2:1"):
        add_feeds(broken, [{"url": "https://n.example/"}])
    assert broken.read_text() == "feeds: [oops\n"
    flow = written(tmp_path, "feeds: ['https://a.example/']\n")
    with pytest.raises(ConfigurationError, match="by hand"):
        add_feeds(flow, [{"url": "https://n.example/"}])
    assert add_feeds(flow, [{"url": "gopher://n.example/"}]).refused[0][0] == "gopher://n.example/"


def test_a_running_poller_reads_it_anew_when_a_change_has_stood_for_a_moment(tmp_path: Path) -> None:
    file = SubscriptionsFile(written(tmp_path, "feeds: [https://a.example/]\n"))
    assert len(file.load().feeds) == 1
    assert file.changed(0.0) is None
    written(tmp_path, "")  # an editor that writes in two steps
    assert file.changed(1.0) is None
    written(tmp_path, "feeds: [https://a.example/, https://b.example/]\n")
    assert file.changed(1.6) is None
    found = file.changed(2.2)
    assert found is not None
    assert len(found.feeds) == 2
    for broken in ("feeds: [", None):
        if broken is None:
            file.path.unlink()
        else:
            file.path.write_text(broken)
        assert file.changed(3.0) is file.changed(4.0) is file.changed(5.0) is None
    written(tmp_path, "# nothing any more\n")
    assert file.changed(6.0) is None
    found = file.changed(7.0)
    assert found is not None
    assert found.feeds == ()


def test_a_poller_may_start_before_there_is_a_file(tmp_path: Path) -> None:
    file = SubscriptionsFile(tmp_path / "feeds.yaml")
    assert file.load().feeds == ()
    add_feeds(file.path, [{"url": "https://a.example/"}])
    assert file.changed(0.0) is None
    found = file.changed(1.0)
    assert found is not None
    assert len(found.feeds) == 1


# -- OPML --------------------------------------------------------------------------------------------------------------

OPML = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<opml version="1.1"><head><title>mine</title></head><body>
  <outline text="World"><outline text="Asia">
    <outline type="rss" text="Coast &amp; Sea" xmlUrl="https://coast.example/rss?a=1&b=2" htmlUrl="https://coast.example/"/>
  </outline><!-- a comment -->
    <outline text="&x;"/>
    <outline TITLE="Hills" XMLURL="https://hills.example/atom" category="/Wire/Europe,daily"/>
  </outline>
  <outline text="again" xmlUrl="https://hills.example/atom"/>
  <outline text="a link" type="link" url="https://x.example/"/>
</body></opml>"""


def test_opml_as_other_programs_write_it() -> None:
    coast, hills = read_opml(OPML)
    assert coast["url"].startswith("https://coast.example/rss?a=1")
    assert (coast["source"], coast["tags"]) == ("Coast & Sea", ["World", "Asia"])
    assert hills == {
        "url": "https://hills.example/atom",
        "source": "Hills",
        "tags": ["World", "Wire", "Europe", "daily"],
    }


@pytest.mark.parametrize("document", [b"", b"hello", b"<html/>", b"<opml", b"\xff\xfe"])
def test_what_is_no_opml(document: bytes) -> None:
    with suppress(NotOpml):
        assert read_opml(document) == []


def test_a_billion_laughs_in_opml_are_not_expanded() -> None:
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    laughs = (
        f'<!DOCTYPE opml [<!ENTITY l0 "ha">{layers}]><opml><body><outline text="&l11;" xmlUrl="https://a.example/"/>'
    )
    with suppress(NotOpml):
        assert len(str(read_opml(laughs.encode()))) < 10_000


def test_the_round_trip_gives_the_same(tmp_path: Path) -> None:
    feeds = [
        Subscription(url="https://a.example/?x=1&y=2"),
        Subscription(url="https://b.example/", source='B "quoted" & Söhne', tags=("asia", "two words")),
        Subscription(url="https://e.example/", tags=("asia/east", "oil, gas")),
        Subscription.model_validate(
            {
                "url": "https://c.example/",
                "interval": "90s",
                "full_text": "true",
                "alert_after": "at once",
                "silent_after": "2d",
                "user_agent": "D/1",
                "allow_private": "true",
            }
        ),
        Subscription.model_validate({"url": "https://d.example/", "alert_after": "never"}),
    ]
    file = tmp_path / "feeds.yaml"
    assert add_feeds(file, read_opml(write_opml(feeds, NOW))).refused == []
    found = load_subscriptions(file).feeds
    assert list(found) == feeds
    assert write_opml(found, NOW) == write_opml(feeds, NOW)
    assert add_feeds(file, read_opml(write_opml(feeds, NOW))).added == []


def test_opml_holds_no_secret() -> None:
    feed = Subscription.model_validate(
        {"url": "https://c.example/", "headers": {"X-Key": "abc"}, "username": "reader", "password": "${P}"}
    )
    document = write_opml([feed], NOW)
    for secret in (b"abc", b"reader", b"${P}"):
        assert secret not in document
