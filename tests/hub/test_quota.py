"""One station cannot fill a hub's disk, and what it may store does not depend on repeats."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from tests.hub.realm import Realm, file
from xtcli.hub import quota as quotas
from xtcli.hub.quota import SETTING, Quota
from xtcli.records.types import Attach
from xtcli.records.values import BlobKind


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


def test_a_full_share_is_not_read_each_time(realm: Realm, monkeypatch: Any) -> None:
    """Its station may go on sending, and to read what it has stored takes a hub long."""
    post = realm.add("村", "post")
    file(post)
    realm.carry()
    realm.hub.settings = replace(realm.hub.settings, extra={SETTING: "1000"})
    quota, reads = Quota(realm.hub), list[int]()
    stored = quota.stored

    def read(number: int) -> int:
        reads.append(number)
        return stored(number)

    monkeypatch.setattr(quota, "stored", read)
    assert not any(quota.allows(post.number, 2_000) for _ in range(50))
    assert len(reads) == 2
    realm.clock.now += quotas.READ_AGAIN_SECONDS
    assert not quota.allows(post.number, 2_000)
    realm.clock.now -= 10 * 365 * 86_400
    assert not quota.allows(post.number, 2_000)
    assert len(reads) == 4


def test_attachments_that_nobody_announced_count(realm: Realm, monkeypatch: Any) -> None:
    """A station that sends files without end and no word of them fills its share all the same."""
    monkeypatch.setattr(quotas, "LOOSE_MAX", 5)
    post = realm.add("村", "post")
    realm.hub.settings = replace(realm.hub.settings, extra={SETTING: "100000"})
    quota, taken = Quota(realm.hub), 0
    for _ in range(60):
        data = os.urandom(5_000)
        if quota.allows(post.number, len(data) + 100):
            quota.brought(post.number, [realm.hub.blobs.put(data)])
            taken += 1
    assert 15 < taken < 20
    assert quota.stored(post.number) > 90_000


def test_announced_attachments_count_once(realm: Realm, monkeypatch: Any) -> None:
    monkeypatch.setattr(quotas, "LOOSE_MAX", 2)
    post, quota = realm.add("村", "post"), Quota(realm.hub)
    case = file(post)
    for number in range(6):
        digest = post.blobs.put(b"OggS" + bytes(5_000) + bytes([number]))
        body = Attach(digest, 5_005, "audio/ogg", BlobKind.VOICE, "", 3)
        post.log.queue(1, post.write(body, case).id)
        post.log.queue(1, digest, 3, size=5_005)
        realm.carry()
        quota.brought(post.number, [digest])
    assert 6 * 5_005 < quota.stored(post.number) < 8 * 5_005
    assert len(quota._loose[post.number]) <= 3
