"""What a command prints: data on stdout, everything else on stderr, one exit code.

It knows terminals and JSON. It does not know what a case is.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, NoReturn, ParamSpec, TypeVar

from xtcli.errors import DiskFull, ExitCode, XtError
from xtcli.lang import tr

P = ParamSpec("P")
R = TypeVar("R")


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: dataclasses as objects, bytes as hex, ids as text."""
    if isinstance(value, Enum):
        return value.name.lower()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)


def write_json(value: Any) -> None:
    """One JSON document on one line of stdout."""
    sys.stdout.write(_writable(json.dumps(plain(value), ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def _writable(text: str) -> str:
    """`text` without the halves of characters that names of files may have: they are no Unicode, so
    no JSON either."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def interactive() -> bool:
    """Whether a person can be asked: both ends are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def cells() -> int | None:
    """Cells of a terminal's line; None when the output goes to a file or another program."""
    if not sys.stdout.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def strong(text: str, colour: str = "") -> str:
    """`text` set off on a terminal (bold, perhaps `red` or `dim`), plain elsewhere."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    codes = {"": "1", "red": "1;31", "dim": "2"}
    return f"\x1b[{codes[colour]}m{text}\x1b[0m"


def say(text: str) -> None:
    """A line for a person who reads stdout."""
    sys.stdout.write(_writable(text) + "\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """A line on stderr: what is going on, never data."""
    sys.stderr.write(_writable(text) + "\n")
    sys.stderr.flush()


def fail(error: XtError, as_json: bool) -> NoReturn:
    """Say what happened and what to do, then leave with the error's exit code."""
    if as_json:
        _write_error(str(error), error.advice, error.exit_code, type(error).__name__)
    tell(str(error))
    if error.advice:
        tell(error.advice)
    raise SystemExit(int(error.exit_code))


def surprise(error: Exception, as_json: bool) -> NoReturn:
    """A fault of xt itself: still one sentence and a next step, never a traceback unless asked."""
    if os.environ.get("XT_DEBUG"):
        raise error
    name = f"{type(error).__name__}: {error}"
    fail(
        XtError(
            "xt itself failed ({name}). What was saved is safe.",
            "Do it again; if it fails again, run it with XT_DEBUG=1 and report what it prints.",
            name=name,
        ),
        as_json,
    )


def say_stopped() -> None:
    """A person stopped the command; the line with ^C on it is left alone."""
    tell("\n" + tr("Stopped. What was saved is safe."))


def stopped(as_json: bool) -> NoReturn:
    """A person stopped the command, and there is nothing else to say of it."""
    if as_json:
        _write_error(tr("Stopped. What was saved is safe."), "", ExitCode.STOPPED, "Stopped")
    say_stopped()
    raise SystemExit(int(ExitCode.STOPPED))


def _write_error(message: str, hint: str, code: ExitCode, kind: str) -> None:
    body = {"message": message, "hint": hint, "code": int(code), "kind": kind}
    write_json({"error": body})


def gone() -> NoReturn:
    """Who read our output has left (`xt list | head`): nothing is wrong."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    raise SystemExit(int(ExitCode.OK))


def _of_system(error: OSError) -> XtError:
    """What the operating system refused, as a sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(
            "The disk is full, so nothing was saved.", "Free some space and do it again."
        )
    where = str(error.filename or "")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return XtError(
            "{file} may not be read or written by you.",
            "Check that the folder exists and belongs to you.", file=where,
        )  # fmt: skip
    return XtError(
        "The system refused: {why} ({file}).", "Check that the folder exists and belongs to you.",
        why=os.strerror(error.errno) if error.errno else str(error), file=where,
    )  # fmt: skip


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Turn every failure of a command into a sentence and an exit code."""

    @functools.wraps(command)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        as_json = bool(kwargs.get("as_json", False))
        try:
            return command(*args, **kwargs)
        except XtError as error:
            fail(error, as_json)
        except KeyboardInterrupt:
            stopped(as_json)
        except BrokenPipeError:
            gone()
        except OSError as error:
            fail(_of_system(error), as_json)
        except Exception as error:
            import typer

            if isinstance(error, typer.TyperException | typer.Exit | typer.Abort):
                raise
            surprise(error, as_json)

    return inner


def seconds(value: float) -> str:
    """A duration as people say it: `0.04 s`, `0.8 s`, `42 s`, `4 min 10 s`, `3 h 5 min`."""
    if 0 < value < 0.095:
        return tr("{n} s", n=f"{max(value, 0.01):.2f}")
    if value < 10:
        return tr("{n} s", n=f"{value:.1f}")
    if value < 60:
        return tr("{n} s", n=f"{value:.0f}")
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return tr("{m} min {s} s", m=minutes, s=rest)
    if minutes < 2880:
        return tr("{h} h {m} min", h=minutes // 60, m=minutes % 60)
    return tr("{n} days", n=minutes // 1440)


def size(count: int) -> str:
    """A number of bytes as people say it."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
