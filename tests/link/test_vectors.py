"""The vectors of the link format: what is taken and what is refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from xtcli.transport.link.events import BundleArrived, Received
from xtcli.transport.link.session import Link

FOLDER = Path(__file__).parents[1] / "vectors" / "link"
FILES = sorted(FOLDER.glob("*.vec"))


def parse(path: Path) -> tuple[dict[str, str], bytes]:
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    return fields, bytes.fromhex("".join(body.split()))


def fresh_hub() -> Link:
    return Link(local=0, peer=1, key=bytes(range(32)), now=0.0, entropy=lambda count: bytes(count))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    """Taken as expected, or refused, counted, and without any effect."""
    fields, datagram = parse(path)
    hub = fresh_hub()
    received = hub.receive(datagram, 1.0)
    if fields["expect"] == "fresh":
        assert received is Received.FRESH
        assert hub.invalid == 0
    else:
        assert received is Received.INVALID
        assert hub.invalid == 1
        assert hub.events() == []
        assert hub.send(1.0) is None
        assert hub.next_timer(1.0) is None


def test_worked_example() -> None:
    """The datagram of docs/format/link.md carries `hello`."""
    hub = fresh_hub()
    hub.receive(parse(FOLDER / "whole.vec")[1], 1.0)
    assert BundleArrived(b"", b"hello", 1).sealed in [
        event.sealed for event in hub.events() if isinstance(event, BundleArrived)
    ]


def test_most_vectors_are_refusals() -> None:
    refused = [path for path in FILES if parse(path)[0]["expect"] == "reject"]
    assert len(refused) >= 4 * (len(FILES) - len(refused))


def test_the_generator_reproduces_them() -> None:
    """Byte for byte."""
    script = Path(__file__).with_name("make_vectors.py")
    found = importlib.util.spec_from_file_location("link_vectors", script)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    made = {f"{name}.vec": module.text(*vector) for name, vector in module.vectors().items()}
    assert made == {path.name: path.read_text(encoding="utf-8") for path in FILES}
