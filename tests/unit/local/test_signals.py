"""What a signal does to a command, and work that comes to its end whatever is cancelled."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap

import pytest

from workers.local.signals import in_daemon_thread, unbroken


def run(code: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


PROGRAM = """
    import asyncio, os, signal, sys
    from workers.local.signals import run_until_signalled, unbroken

    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # who runs the tests may be under nohup

    async def end():
        await asyncio.sleep(0.3)
        print("ended well", flush=True)

    async def main():
        try:
            for _ in range({times}):
                os.kill(os.getpid(), signal.{name})
            await asyncio.sleep(60)
        finally:
            asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.{name})
            await unbroken(end(), lambda: print("hurry", flush=True))

    sys.exit(run_until_signalled(main(), signalled={signalled}))
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_a_command_in_order_and_a_second_one_does_not_break_it(name: str, code: int) -> None:
    done = run(PROGRAM.format(name=name, times=1, signalled=None))
    assert (done.returncode, done.stdout) == (code, "hurry\nended well\n"), done.stderr
    assert not done.stderr


def test_a_command_whose_normal_end_is_a_signal_ends_with_its_own_code() -> None:
    assert run(PROGRAM.format(name="SIGINT", times=3, signalled=0)).returncode == 0


def test_a_signal_after_the_end_changes_nothing() -> None:
    done = run("""
        import asyncio, os, signal, sys
        from workers.local.signals import run_until_signalled
        async def main():
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)
        code = run_until_signalled(main())
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), signum)
        sys.exit(code)
    """)
    assert (done.returncode, done.stderr) == (130, "")


def test_who_was_started_with_nohup_outlives_the_terminal() -> None:
    done = run("""
        import asyncio, os, signal, sys
        from workers.local.signals import run_until_signalled
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        async def main():
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.2)
            return 7
        sys.exit(run_until_signalled(main()))
    """)
    assert done.returncode == 7, done.stderr


async def test_unbroken_work_ends_before_the_cancellation_goes_on() -> None:
    done, hurried = asyncio.Event(), []

    async def work() -> None:
        await asyncio.sleep(0.2)
        done.set()

    task = asyncio.create_task(unbroken(work(), lambda: hurried.append(1)))
    for _ in range(2):
        await asyncio.sleep(0.02)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()
    assert len(hurried) == 2


async def test_unbroken_work_answers_and_fails_as_it_is() -> None:
    assert await unbroken(asyncio.sleep(0, "answer")) == "answer"

    async def fail() -> None:
        raise ValueError("why")

    with pytest.raises(ValueError, match="why"):
        await unbroken(fail())


async def test_work_in_a_thread_answers_and_fails_as_it_is() -> None:
    assert await in_daemon_thread(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        await in_daemon_thread(lambda: 1 // 0)
