# SPDX-License-Identifier: Apache-2.0
"""Foreign code in the parent of a run: what it may change, and what is put back.

A plug-in is imported, and its classes are built, in the process that keeps the journal. Afterwards the working
directory, the environment, the signal handlers, the file mode mask, the locale and the standard streams are as they
were. What Python cannot undo stays undone: an `os._exit`, a patched function of another module.
"""

from __future__ import annotations

import contextlib
import locale
import os
import signal
import sys
import threading
from collections.abc import Iterator

from mibench.contracts import InputError

__all__ = ["undisturbed"]


@contextlib.contextmanager
def undisturbed(what: str) -> Iterator[None]:
    """Run foreign code; `what` names it in an error.

    Raises
    ------
    InputError
        If it asks Python to leave.
    """
    _reopen_standard_files()
    folder = _here()
    environment, mask, speech = dict(os.environ), os.umask(0), locale.setlocale(locale.LC_ALL)
    os.umask(mask)
    streams = sys.stdin, sys.stdout, sys.stderr
    handlers = _handlers()
    try:
        yield
    except SystemExit as error:
        raise InputError(
            f"{what} asked Python to leave (exit code {error.code!r}): put what is to run only as a program under "
            "`if __name__ == '__main__':`"
        ) from error
    finally:
        _reopen_standard_files()
        sys.stdin, sys.stdout, sys.stderr = streams
        _set(handlers)
        os.umask(mask)
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_ALL, speech)
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)
        if folder:
            with contextlib.suppress(OSError):  # removed meanwhile
                os.chdir(folder)


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:  # it is removed
        return ""


def _handlers() -> dict[signal.Signals, signal.Handlers]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    known = {number: signal.getsignal(number) for number in signal.valid_signals() if number in set(signal.Signals)}
    return {signal.Signals(number): handler for number, handler in known.items() if handler is not None}  # type: ignore[misc]


def _set(handlers: dict[signal.Signals, signal.Handlers]) -> None:
    for number, handler in handlers.items():
        if signal.getsignal(number) != handler:
            signal.signal(number, handler)


def _reopen_standard_files() -> None:
    """Where 0, 1 or 2 was closed, the next file that is opened would get what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null == number:
                os.set_inheritable(null, True)  # as standard files are
            else:
                os.dup2(null, number)
                os.close(null)
