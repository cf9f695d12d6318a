"""Making a hub's home and joining stations, with the code that `xt hub init` and `xt join` run."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.sim.nodes import Node
from xtcli.hub.admission import Admission
from xtcli.hub.hub import HubStation
from xtcli.records.keys import Keys
from xtcli.records.log import Log
from xtcli.records.sign import realm_of
from xtcli.records.types import StationEntry
from xtcli.records.values import StationKind
from xtcli.station.enrolment import JOIN_BYTE, Joining, finish, open_welcome
from xtcli.station.home import Home, Settings
from xtcli.station.invite import Invitation, fingerprint
from xtcli.station.routing import HUB

ADDRESS = "127.0.0.1:1"
MADE_AT = 1.8e9


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What an invitation says of a station."""

    name: str
    kind: str
    depts: tuple[str, ...] = ()
    upstream: int = HUB


def make_hub(home: Home, seed: int) -> Home:
    """The realm's hub, with nobody in its roster but itself."""
    random = Random(f"hub {seed}")
    home.make()
    keys = Keys.make(random.randbytes)
    settings = Settings(
        name="旗医院", kind="hub", number=HUB, practitioner=0,
        realm=realm_of(keys.station_sign_public), hub_sign=keys.station_sign_public,
        hub_seal=keys.station_seal_public, hub_address=ADDRESS, advertise=ADDRESS,
    )  # fmt: skip
    Log(home.log_path, own=HUB).close()
    home.write(home.keys_path, keys.to_bytes())
    home.write_settings(settings)
    hub = HubStation(home, clock=lambda: MADE_AT, entropy=random.randbytes)
    entry = StationEntry(HUB, settings.name, StationKind.HUB, keys.station_sign_public,
                         keys.station_seal_public)  # fmt: skip
    hub.write(entry, automatic=True)
    hub.close()
    return home


def join(hub_node: Node, home: Home, who: Newcomer, random: Random) -> int:
    """Invite a station and let it join, as two commands do while the hub may be serving."""
    hub = HubStation(hub_node.home, clock=hub_node.wall, entropy=random.randbytes)
    admission = Admission(hub)
    made, secret = admission.invites.make(
        station=who.name, kind=who.kind, practitioner=f"{who.name}医生", role="", depts=who.depts,
        place="", now=hub.clock(), valid_seconds=3600, entropy=random.randbytes,
        upstream=who.upstream,
    )  # fmt: skip
    settings = hub.settings
    mark = fingerprint(settings.hub_sign, settings.hub_seal)
    code = Invitation(ADDRESS, settings.hub_seal, mark, made.id, secret).code()
    joining = Joining(code, Keys.make(random.randbytes))
    answer = admission.answer(JOIN_BYTE + joining.request(hub.clock()))
    assert answer is not None
    home.make()
    listen = ADDRESS if who.kind == "hub" else ""
    number = finish(home, joining, open_welcome(joining, answer), listen).number
    admission.close()
    hub.close()
    return number
