"""One station cannot fill a hub's disk, and what it may store does not depend on repeats."""

from __future__ import annotations

from dataclasses import replace

from tests.hub.realm import Realm, file
from xtcli.hub.quota import SETTING, Quota


def test_a_station_is_refused_when_its_share_is_full(realm: Realm) -> None:
    post = realm.add("村", "post")
    other = realm.add("邻村", "post")
    for number in range(5):
        file(post, complaint=f"胸闷{number}天")
    realm.carry()
    used = Quota(realm.hub).stored(post.number)
    assert used > 5 * 100
    realm.hub.settings = replace(realm.hub.settings, extra={SETTING: str(used + 1000)})
    quota = Quota(realm.hub)
    assert quota.allows(post.number, 900)
    assert quota.allows(post.number, 900), "a repeat is not on the disk: it is asked again"
    assert not quota.allows(post.number, 1100)
    assert quota.allows(other.number, 900), "others are not touched"
