"""Only one `up` per state folder; its run file is its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from workers.errors import ConfigurationError
from workers.local.runfile import only_one, run_file
from workers.settings import Settings, read_run_file, state_dir

SETTINGS = Settings(kafka_bootstrap_servers="k:1", redis_url="redis://r:2/0")


def test_the_second_is_refused_while_the_first_lives_and_is_told_where_it_is() -> None:
    with only_one():
        with pytest.raises(ConfigurationError, match="it is starting"), only_one():
            pytest.fail("two at once")
        with run_file(SETTINGS), pytest.raises(ConfigurationError, match="Kafka at k:1"), only_one():
            pytest.fail("two at once")
    with only_one():
        pass


def test_a_killed_one_leaves_no_lock() -> None:
    code = "from workers.local.runfile import only_one; import time\nwith only_one(): print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with pytest.raises(ConfigurationError), only_one():
            pytest.fail("two at once")
        first.kill()
    with only_one():
        pass


def test_the_file_of_a_dead_one_is_overwritten_and_that_of_another_is_left_alone() -> None:
    state_dir().mkdir(parents=True)
    path = state_dir() / "up.json"
    path.write_text(json.dumps({"pid": 999_999_999, "settings": {}}))
    with run_file(SETTINGS):
        assert read_run_file()["kafka_bootstrap_servers"] == "k:1"
        assert path.stat().st_mode & 0o077 == 0
        path.write_text(json.dumps({"pid": os.getppid(), "settings": {}}))
    assert path.exists()


def test_ones_own_file_goes() -> None:
    with run_file(SETTINGS):
        pass
    assert not (state_dir() / "up.json").exists()
