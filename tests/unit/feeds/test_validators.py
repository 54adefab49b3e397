"""What is known of a feed survives a restart, wherever it is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from workers.errors import ConfigurationError, Unreachable
from workers.feeds.fetch import UNKNOWN, Validators
from workers.feeds.validators import KEEP, FileValidators, RedisValidators, ValidatorStore
from workers.redis_client import Redis, connect
from workers.settings import Settings

NOW = datetime(2026, 3, 2, tzinfo=UTC)
URL = "https://user:hunter2@coast.example/rss"
FOUND = Validators('W/"x-1"', "Sun, 01 Mar 2026 10:00:00 GMT")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[tuple[Redis, Settings]]:
    settings = Settings(redis_url=SecretStr(redis_url))
    client = connect(settings)
    yield client, settings
    await client.aclose()


@pytest.fixture(params=["file", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path, redis: tuple[Redis, Settings]) -> ValidatorStore:
    return FileValidators(tmp_path / "s" / "feeds.json", "here") if request.param == "file" else RedisValidators(*redis)


async def test_what_was_saved_is_loaded_word_for_word(store: ValidatorStore) -> None:
    assert await store.load(URL) == UNKNOWN
    await store.save({URL: FOUND, "https://other.example/": UNKNOWN}, NOW)
    assert await store.load(URL) == FOUND
    assert await store.load("https://other.example/") == UNKNOWN
    await store.save({URL: UNKNOWN}, NOW)
    assert await store.load(URL) == UNKNOWN


async def test_passwords_of_feeds_are_not_kept(tmp_path: Path, redis: tuple[Redis, Settings]) -> None:
    file = tmp_path / "feeds.json"
    await FileValidators(file, "here").save({URL: FOUND}, NOW)
    assert "hunter2" not in file.read_text()
    await RedisValidators(*redis).save({URL: FOUND}, NOW)
    keys = await redis[0].keys("*")
    assert len(keys) == 1
    assert "hunter2" not in str(keys)
    assert await redis[0].ttl(keys[0]) > 24 * 3600


async def test_places_are_kept_apart_and_the_old_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "feeds.json"
    here, there = FileValidators(file, "here"), FileValidators(file, "there")
    await here.save({URL: FOUND}, NOW)
    assert await there.load(URL) == UNKNOWN
    await there.save({URL: Validators("b")}, NOW + timedelta(days=1))
    assert await here.load(URL) == FOUND
    await there.save({}, NOW + KEEP + timedelta(hours=1))
    assert len(json.loads(file.read_text())) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"x": 1}', "\x00"])
async def test_a_damaged_file_costs_one_full_fetch(tmp_path: Path, content: str) -> None:
    file = tmp_path / "feeds.json"
    file.write_text(content)
    store = FileValidators(file, "here")
    assert await store.load(URL) == UNKNOWN
    await store.save({URL: FOUND}, NOW)
    assert await store.load(URL) == FOUND


async def test_two_pollers_do_not_wipe_out_each_other(tmp_path: Path) -> None:
    file = tmp_path / "feeds.json"

    def save(number: int) -> None:
        asyncio.run(FileValidators(file, "here").save({f"https://f{number}.example/": FOUND}, NOW))

    await asyncio.gather(*(asyncio.to_thread(save, number) for number in range(20)))
    assert len(json.loads(file.read_text())) == 20


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        await FileValidators(tmp_path / "file" / "feeds.json", "here").save({URL: FOUND}, NOW)


async def test_no_redis_is_unreachable() -> None:
    settings = Settings(redis_url=SecretStr("redis://:hunter2@127.0.0.1:1/0"))
    with pytest.raises(Unreachable) as caught:
        await RedisValidators(connect(settings), settings).load(URL)
    assert "hunter2" not in str(caught.value)
