"""Errors of the command: one clear message on stderr and an exit code, and a traceback only for a mistake of ours."""

import contextlib
import errno
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import click

from sim.cli.screen import say

SOON = 0.01  # seconds


class Failed(click.ClickException):
    """One clear message on stderr, and an exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click means it to be set a class, we set it an error

    def show(self, file: Any = None) -> None:
        """Say it without a traceback."""
        say(self.message, always=True)


class Terminated(KeyboardInterrupt):
    """SIGTERM, as a batch system sends it: what is under way is cleared away as after Ctrl-C."""


class Commands(click.Group):
    """Commands whose errors become one message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command asked for."""
        try:
            with catch_sigterm():
                return super().invoke(ctx)
        except Terminated:
            raise Failed("told to end; every file that was written is whole", 128 + signal.SIGTERM) from None
        except KeyboardInterrupt:
            raise Failed("interrupted; every file that was written is whole", 130) from None
        except (click.exceptions.Exit, click.Abort, click.ClickException, BrokenPipeError):
            raise
        except Exception as error:
            exit_code = _exit_code(error)
            if exit_code is None or ctx.meta.get("debug"):
                raise
            raise Failed(_in_words(error), exit_code) from error


@contextlib.contextmanager
def catch_sigterm() -> Iterator[None]:
    """SIGTERM is heard as Ctrl-C is.

    Ctrl-C is heard also where Python drops it: one that arrives while an object is freed is raised again, soon.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    tell, alarm = sys.unraisablehook, signal.signal(signal.SIGALRM, signal.default_int_handler)
    end = signal.signal(signal.SIGTERM, _terminate)

    def again(dropped: Any) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, SOON)
        else:
            tell(dropped)

    sys.unraisablehook = again
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = tell
        signal.signal(signal.SIGALRM, alarm)
        signal.signal(signal.SIGTERM, end)


def _terminate(number: int, at: Any) -> None:
    raise Terminated


def _in_words(error: Exception) -> str:
    """What the system says of a file, with the file."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    if error.filename is None:  # files of ours have names
        return f"what there is to say cannot be written to standard output: {error.strerror}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"there is no room on the disk for {error.filename}: make room, or write to another disk"
    return f"{error.filename}: {error.strerror}"


def _exit_code(error: Exception) -> int | None:
    """The exit code of an error that its message explains; None for a mistake of ours, which needs its traceback."""
    from sim.engine.settings import BadInput

    if isinstance(error, BadInput):
        return 2
    if isinstance(error, OSError):
        return 1
    from sim.experiments.sweep_tally import SweepStopped
    from sim.ground.ledger import LedgerError
    from sim.state import ModelError

    if isinstance(error, SweepStopped):
        return 3
    return 1 if isinstance(error, LedgerError | ModelError) else None
