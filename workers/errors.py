"""The errors that Tocsin raises, in one tree. The message is for the user: what was found, where, and what to do.

TocsinError                  exit code
├── ConfigurationError           3      a setting, a pattern, a receiver or an ontology file is wrong
├── Unreachable                  4      Kafka, Redis or a feed does not answer
├── InputError                   5      a file that was named cannot be read
├── TransientError               6      may pass: a step retries it, then ends itself for its supervisor
└── PermanentError               -      will never pass: the record goes to the topic `rejects`
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the commands return; documented in README.md."""

    OK = 0
    FAILED = 1  # the command ran, and its answer is "no": tests failed, lines were malformed, something is unhealthy
    USAGE = 2
    CONFIGURATION = 3
    UNREACHABLE = 4
    INPUT = 5
    TRANSIENT = 6
    INTERRUPTED = 130


class TocsinError(Exception):
    """Something a user can act on. `hint` says what to do."""

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class ConfigurationError(TocsinError):
    """A setting or a configuration file is wrong."""

    exit_code = ExitCode.CONFIGURATION


class Unreachable(TocsinError):
    """A server does not answer."""

    exit_code = ExitCode.UNREACHABLE


class InputError(TocsinError):
    """A file that was named cannot be read."""

    exit_code = ExitCode.INPUT


class TransientError(TocsinError):
    """It may pass: worth another try, within bounds."""

    exit_code = ExitCode.TRANSIENT


class PermanentError(TocsinError):
    """It will never pass: the record is rejected. `error` is a short stable name, used for counting."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error
