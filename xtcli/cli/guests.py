"""Calls with a browser in them: --browser for this person, --guest for somebody without xt.

What is shown of addresses and links, and who is asked. It refuses to know how a page works.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xtcli.cli.output import interactive, say, tell, write_json
from xtcli.errors import UsageError
from xtcli.lang import tr

if TYPE_CHECKING:
    from xtcli.station.calls_browser_page import BrowserOptions
    from xtcli.station.calls_guest import GuestOptions
    from xtcli.station.calls_values import CallReport, Hooks

BrowserOption = Annotated[
    str, typer.Option("--browser", metavar="HOST:PORT", help=tr("Talk in a browser: serve a page."))
]
BrowserPlainOption = Annotated[
    str, typer.Option("--browser-plain", metavar="URL", help=tr("Its address behind a proxy."))
]
GuestOption = Annotated[
    str, typer.Option("--guest", metavar="NAME", help=tr("Ask somebody in by a link."))
]
YES = ("yes", "y", "是")


def _browser_options(
    listen: str, outside: str, other_sound: bool, as_json: bool
) -> BrowserOptions | None:
    """Where the page for a browser is served; None without one."""
    if not listen:
        if outside:
            raise UsageError("Where should the page be served?", "Give --browser HOST:PORT.")
        return None
    if other_sound:
        raise UsageError(
            "The browser is microphone and speaker.",
            "Leave out --file, --out and --device, or --browser.",
        )
    from xtcli.station.calls_browser_page import Address, BrowserOptions

    def opened(address: Address) -> None:
        if as_json:
            write_json({"browser": address})
            return
        tell(tr("Open this in the browser, once; it is for one person only:"))
        say(address.url)
        if address.fingerprint:
            tell(tr("The browser will warn. Go on only if it shows this SHA-256 fingerprint:"))
            say(address.fingerprint)
        if interactive():
            import segno

            segno.make(address.url, error="l").terminal(compact=True)

    return BrowserOptions(listen, outside, opened)


def guest_options(name: str, as_json: bool, *, alone: bool) -> GuestOptions:
    """How the link is shown and the guest let in. UsageError together with --accept or --browser.

    On a terminal a person is asked. Otherwise a line `{"asks": name, "keep": ...}` is printed (with
    --json) and the answer is read from standard input: yes or no.
    """
    if not alone:
        raise UsageError(
            "A guest has a call to himself.", "Leave out --accept and --browser, or --guest."
        )
    from xtcli.station.calls_guest import GuestOptions

    def opened(url: str) -> None:
        if as_json:
            write_json({"guest": {"url": url, "name": name}})
            return
        tell(tr("Send this link to {name}; it is good for one person, for 30 minutes:", name=name))
        say(url)
        if interactive():
            import segno

            segno.make(url, error="l").terminal(compact=True)

    def admit(said: str, keep: bool) -> bool:
        if as_json:
            write_json({"asks": said, "keep": keep})
            return sys.stdin.readline().strip().lower() in YES
        kept = tr("The call would be kept in the case.") + " " if keep else ""
        question = tr("A guest, said to be {name}, asks to come in. Let them in?", name=said)
        return bool(typer.confirm(kept + question, default=False))

    return GuestOptions(name.strip()[:60], opened, admit)


def page_options(
    listen: str, outside: str, guest: str, *, as_json: bool, accept: bool, sound: bool
) -> BrowserOptions | GuestOptions | None:
    """How somebody sits at a browser in this call: this person, or a guest; None: nobody does."""
    page = _browser_options(listen, outside, sound, as_json)
    if not guest.strip():
        return page
    return guest_options(guest, as_json, alone=not (accept or listen))


def run_page_call(
    here: Any, options: Any, hooks: Hooks, page: BrowserOptions | GuestOptions
) -> CallReport:
    """A call in which somebody sits at a browser: this person, or a guest."""
    from xtcli.station.calls_browser_page import BrowserOptions

    if isinstance(page, BrowserOptions):
        from xtcli.station.calls_browser import run_browser_call

        return run_browser_call(here, options, hooks, page)
    from xtcli.station.calls_guest import run_guest_call

    return run_guest_call(here, options, hooks, page)
