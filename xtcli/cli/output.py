"""What a command prints: data on stdout, everything else on stderr, one exit code.

It knows terminals and JSON. It does not know what a case is.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

from xtcli.errors import ExitCode, XtError
from xtcli.lang import tr

if TYPE_CHECKING:
    from rich.console import Console

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
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def interactive() -> bool:
    """Whether a person can be asked: both ends are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def console(stderr: bool = False) -> Console:
    """A Rich console that degrades to plain text where it must."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """A line for a person who reads stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """A line on stderr: what is going on, never data."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def fail(error: XtError, as_json: bool) -> NoReturn:
    """Say what happened and what to do, then leave with the error's exit code."""
    if as_json:
        body = {"message": str(error), "hint": error.advice, "code": int(error.exit_code)}
        body["kind"] = type(error).__name__
        write_json({"error": body})
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
            tell(tr("Stopped. What was saved is safe."))
            raise SystemExit(130) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise SystemExit(int(ExitCode.OK)) from None
        except Exception as error:
            import click

            if isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort):
                raise
            surprise(error, as_json)

    return inner


def seconds(value: float) -> str:
    """A duration as people say it: `0.8 s`, `42 s`, `4 min 10 s`, `3 h 5 min`."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def size(count: int) -> str:
    """A number of bytes as people say it."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
