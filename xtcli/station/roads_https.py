"""The HTTPS road of a station: where its hub answers on port 443, and joining a realm that way.

The settings come from the invitation. TLS, HTTP and batches are the carrier's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from xtcli.errors import BundleRejected, LinkDown, NotFound
from xtcli.station.core import Entropy
from xtcli.station.home import Home, Settings
from xtcli.transport.carriers.batches import BATCH_BYTES_MAX, SESSION_BYTES, Asked, unpack
from xtcli.transport.carriers.https_client import (
    HttpsClient,
    Url,
    connections,
    foreign_answer,
    login_page,
    pinned,
    unreachable,
)
from xtcli.transport.carriers.https_server import OVERHEAD_BYTES
from xtcli.transport.driving import LinkClient
from xtcli.transport.link.events import LinkEvent
from xtcli.transport.link.spooled import SpooledLink

CERTIFICATE = "hub.crt"
JOIN_WAIT_S = 5.0
JOIN_TIMEOUT_S = 30.0


class HttpsRoad:
    """HTTPS to the hub's endpoint."""

    name = "https"
    rate_bps = 0.0

    def __init__(self, home: Home, settings: Settings, entropy: Entropy) -> None:
        """NotFound when the invitation said nothing of HTTPS."""
        where = settings.extra.get("https", "")
        if not where:
            raise NotFound(
                "This station's invitation names no HTTPS address.",
                "Ask the hub's people for a code made with --https.",
            )
        self._url = Url(where)
        self._print = bytes.fromhex(settings.extra.get("https_print", ""))
        self._cache = home.root / CERTIFICATE
        self._entropy = entropy

    async def prepare(self) -> int:
        """Nothing to look up before it is opened."""
        return OVERHEAD_BYTES

    def client(self, node: SpooledLink, on_events: Callable[[list[LinkEvent]], None]) -> LinkClient:
        """The connections for one link, with a session of their own."""
        session = self._entropy(SESSION_BYTES)
        return HttpsClient(node, self._url, self._print, self._cache, session, on_events)


def join_over_https(
    where: str, wanted: bytes, datagram: bytes, entropy: Entropy, cache: Path
) -> bytes:
    """Ask a hub to be let in by one request; its answer. LinkDown when there is none."""
    return asyncio.run(ask_over_https(where, wanted, datagram, entropy, cache))


async def ask_over_https(
    where: str, wanted: bytes, datagram: bytes, entropy: Entropy, cache: Path
) -> bytes:
    """A request to join and its answer, over connections of their own. LinkDown without one."""
    import httpx

    url = Url(where)
    verify = await pinned(url, wanted, cache) if wanted else True
    body = Asked(entropy(SESSION_BYTES), JOIN_WAIT_S, BATCH_BYTES_MAX, (datagram,)).to_bytes()
    async with connections(verify, httpx.Timeout(JOIN_TIMEOUT_S)) as client:
        try:
            answer = await client.post(url.text, content=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise unreachable(url, error) from error
    try:
        found = unpack(answer.content) if answer.status_code == 200 else None
    except BundleRejected:
        found = None
    if found is None:
        raise login_page(url, answer, answer.content) or foreign_answer(url)
    if not found:
        raise LinkDown(
            "The hub at {address} did not answer.",
            "The code may have been used or be too old; otherwise check the network and try again.",
            address=url.host,
        )
    return found[0]
