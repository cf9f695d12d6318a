"""What an enrolled station can do with its own keys: everything behind the seals and signatures.

A hub with a desk and a post on disk; what is fed comes with genuine seals, tags and signatures.
"""

from __future__ import annotations

import contextlib
import functools
import shutil
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.fuzz.engine import Parser
from tests.fuzz.parsers_media import call_noise, rung
from tests.fuzz.parsers_records import apart, joined
from tests.fuzz.parsers_station import any_part
from tests.fuzz.parsers_transport import noise, sealed_alike, short_contents, stored
from tests.fuzz.places import place
from tests.roads.realm import DEPT, Realm, file_request
from xtcli.errors import BundleRejected
from xtcli.hub.admission import Admission
from xtcli.hub.hub import HubStation
from xtcli.hub.roads import duties
from xtcli.media.call.session import CallSession
from xtcli.records import sign
from xtcli.station import origin, parcels, roads_vouch
from xtcli.station.core import StationCore
from xtcli.station.enrolment import JOIN_BYTE
from xtcli.station.intake import Intake
from xtcli.station.invite import JOIN_CONTEXT, JoinRequest
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_sms import ShortMessages
from xtcli.station.roads_store import RoadStore
from xtcli.station.station import Station
from xtcli.transport.bundle.pack import Part, unpack
from xtcli.transport.bundle.seal import bundle_context, open_sealed
from xtcli.transport.carriers.short import ShortKey
from xtcli.transport.link.keys import link_key
from xtcli.transport.symbols import bundle_tag

RENEWED_EVERY = 20_000
"""Inputs after which the hub begins anew, so that its log does not fill the disk."""


class Undo(Exception):
    """Thrown to roll a transaction back."""


@contextlib.contextmanager
def _undone(station: StationCore) -> Iterator[None]:
    """What is done to the log here is rolled back; the roster is read again where it changed."""
    before = station.roster
    try:
        with station.log.many():
            yield
            raise Undo
    except Undo:
        if station.roster is not before:
            station.forget_roster()


class Hub:
    """A hub to which a post has not sent anything yet."""

    def __init__(self) -> None:
        """In memory where that can be had."""
        self.place = place()
        self.realm = Realm(self.place / "realm", seed=7)
        self.realm.join("desk", "desk", DEPT)
        self.number = self.realm.join("post").number
        self.post: Station = self.realm.station("post")
        self.hub: HubStation = self.realm.hub()
        case = file_request(self.post)
        self.post.note(case, "心慌气短一周", ["bp=190/110"])
        self.post.ask(case, "是否需要转诊")
        found = [self.post.log.get(one.item) for one in self.post.log.pending(1)
                 if not isinstance(one.item, bytes)]  # fmt: skip
        self.records = [record for record in found if record is not None]
        does = duties(self.hub)
        self.intake = Intake(self.hub, does.rule)
        self.mail = Mail(self.hub, does.rule, does.inside)
        self.store = RoadStore(self.hub.home.root)
        self.short = ShortMessages(self.mail, self.store, 134)
        self.admission = Admission(self.hub)
        private, realm = self.post.keys.station_seal, self.post.settings.realm
        self.key = ShortKey(link_key(private, self.hub.keys.station_seal_public, realm),
                            self.number, 1)  # fmt: skip
        self.fed = 0

    def close(self) -> None:
        """Close and delete everything."""
        self.admission.close()
        self.store.close()
        self.mail.close()
        self.realm.close()
        shutil.rmtree(self.place, ignore_errors=True)

    # Feeding

    def records_of_an_author(self, data: bytes) -> None:
        """Any content, truly signed by the post's practitioner; then folded, then undone."""
        content, prev = apart(data)
        prev = prev[:8].ljust(8, b"\0")
        message = sign._message(self.hub.settings.realm, prev, content)
        raw = prev + self.post.practitioner_signer.sign(message)
        with _undone(self.hub):
            arrival = self.intake.take([Part(content, raw)], self.number)
            for record in arrival.new:
                if record.case is not None:
                    self.hub.case(record.case)
        if not arrival.new:
            raise BundleRejected("Held, known or refused.", "It is not applied.")

    def parts(self, data: bytes) -> None:
        """Any part in a bundle, as if opened; undone."""
        with _undone(self.hub):
            self.intake.take([any_part(data)], self.number)

    def short_message(self, data: bytes) -> None:
        """Any short message with a genuine tag."""
        self.short.receive("somewhere", self.key.close(data), self.hub.clock() + self.fed)
        self.fed += 1

    def bundle(self, data: bytes) -> None:
        """Any bytes as a sealed bundle for the hub."""
        self.mail.arrived(self.number, data, bundle_tag(data), "test")

    def join(self, data: bytes) -> None:
        """Any request to join, truly sealed; and any datagram."""
        sealed = sealed_alike(data, self.hub.settings.hub_seal, JOIN_CONTEXT)
        for datagram in (JOIN_BYTE + sealed, JOIN_BYTE + data, data):
            assert self.admission.answer(datagram) is None

    def voucher(self, data: bytes) -> None:
        """Any body of a voucher, truly sealed by the post; and any bytes."""
        public = self.post.keys.station_seal_public
        context = bundle_context(self.hub.settings.realm, self.number, 1)
        sealed = sealed_alike(stored(data), self.hub.settings.hub_seal, context)
        found = [roads_vouch.read(self.hub, self.number, public, one) for one in (sealed, data)]
        if found == [None, None]:
            raise BundleRejected("No voucher.", "The relay carries nothing.")

    def said_by_the_hub(self, data: bytes) -> None:
        """Any part at the post, with the hub's true proof that it says so; undone."""
        public = self.post.keys.station_seal_public
        part = origin.said(self.hub, Part(data), self.number, public)
        with _undone(self.post):
            Intake(self.post).take([part], 1)

    # Samples

    def words(self) -> list[bytes]:
        """Bodies of what a hub says of the post's records."""
        names = {(r.id.seq, parcels.return_digest(r)): "fork" for r in self.records}
        return [parcels.lack_part([(1, 2), (5, 9)]).body, parcels.return_part(names).body]

    def vouchers(self) -> list[bytes]:
        """Bodies of genuine vouchers."""
        public, found = self.hub.settings.hub_seal, []
        for count in (0, 1, 9):
            sealed = roads_vouch.write(
                self.post, 1, public, [noise(16, str(i)) for i in range(count)]
            )
            context = bundle_context(self.hub.settings.realm, self.number, 1)
            plain = open_sealed(sealed, private=self.hub.keys.station_seal, context=context)
            found.append(unpack(plain)[0].body)
        return found

    def signed(self) -> list[bytes]:
        """Contents of the post's records and what came before them."""
        return [joined((record.content, record.prev)) for record in self.records]


class Renewed:
    """A hub that is made anew now and then."""

    def __init__(self) -> None:
        """None yet."""
        self.hub: Hub | None = None
        self.left = 0

    def get(self) -> Hub:
        """The hub to feed."""
        if self.hub is None or self.left == 0:
            if self.hub is not None:
                self.hub.close()
            self.hub, self.left = Hub(), RENEWED_EVERY
        self.left -= 1
        return self.hub

    def close(self) -> None:
        """Nothing stays."""
        if self.hub is not None:
            self.hub.close()
            self.hub = None


HUBS = Renewed()


def _with(what: Callable[[Hub, bytes], object]) -> Callable[[bytes], object]:
    return lambda data: what(HUBS.get(), data)


def _call(data: bytes) -> None:
    """A session that is rung, told anything by anybody."""
    session = _session()
    session.receive(data, 1.0)
    while session.send(2.0) is not None:
        pass
    session.events()


@functools.cache
def _session() -> Any:
    _, two, ring = rung()
    entropy = Random("calls").randbytes
    return CallSession.incoming(ring, 0.0, entropy, two.private, two.peer_public)


def _joins() -> list[bytes]:
    request = JoinRequest(noise(4), noise(12), noise(32), noise(32), noise(32), 1_800_000_000)
    return [request.encode()]


def parsers() -> list[Parser]:
    """All of these."""
    at = "xtcli.station"
    return [
        Parser("signed-by-an-author", (), _with(Hub.records_of_an_author),
               lambda: HUBS.get().signed(), refusals=(BundleRejected,)),
        Parser("parts-arriving", (), _with(Hub.parts),
               lambda: [bytes([72]) + one[2:] for one in HUBS.get().signed()], refusals=(),
               tree="msgpack"),
        Parser("short-messages", (f"{at}.roads_sms:ShortMessages.receive",),
               _with(Hub.short_message), short_contents, refusals=(BundleRejected,)),
        Parser("mail", (f"{at}.exchange:Exchange.open",), _with(Hub.bundle),
               lambda: [noise(200), b"\1" + noise(400)], refusals=()),
        Parser("voucher", (f"{at}.roads_vouch:read",), _with(Hub.voucher),
               lambda: HUBS.get().vouchers(), refusals=(BundleRejected,), tree="msgpack"),
        Parser("said-by-the-hub", (), _with(Hub.said_by_the_hub),
               lambda: HUBS.get().words(), refusals=(), tree="msgpack"),
        Parser("join-datagram", (), _with(Hub.join), _joins, refusals=()),
        Parser("call-session", ("xtcli.media.call.session:CallSession.receive",), _call,
               call_noise, refusals=(), bytes_max=1_300),
    ]  # fmt: skip
