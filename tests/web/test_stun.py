"""The STUN responder: RFC 5769's vectors, and nothing for anybody who would misuse it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.hub.web_stun import BINDING, COOKIE, HEADER, answer, mapped, open_stun

NUMBER = bytes.fromhex("b7e7a701bc34d686fa87dfae")
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e740024000"
    "46e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781e"
    "f2b5b2d3f249c1b571a280280004e57a3bcf"
)
"""RFC 5769, 2.1: with software, priority, user name, integrity and fingerprint."""
MAPPED_4 = bytes.fromhex("002000080001a147e112a643")
"""RFC 5769, 2.2: 192.0.2.1, port 32853."""
MAPPED_6 = bytes.fromhex("002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9")
"""RFC 5769, 2.3: 2001:db8:1234:5678:11:2233:4455:6677, port 32853."""


def request(*attributes: bytes, kind: int = BINDING, cookie: int = COOKIE) -> bytes:
    """A request with these attributes."""
    body = b"".join(attributes)
    return HEADER.pack(kind, len(body), cookie, NUMBER) + body


@pytest.mark.parametrize(
    ("host", "attribute"),
    [("192.0.2.1", MAPPED_4), ("2001:db8:1234:5678:11:2233:4455:6677", MAPPED_6)],
)
def test_the_vectors_of_rfc_5769(host: str, attribute: bytes) -> None:
    assert mapped(host, 32853, NUMBER) == attribute
    found = answer(REQUEST, host, 32853)
    assert (
        found
        == bytes.fromhex("0101")
        + len(attribute).to_bytes(2, "big")
        + bytes.fromhex("2112a442")
        + NUMBER
        + attribute
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        request()[:19],
        request(kind=0x0003),
        request(kind=0x0101),
        request(cookie=0),
        request() + b"\0\0\0\0",
        request(bytes.fromhex("00060008") + b"abcd"),
        request() + bytes(600),
    ],
)
def test_what_is_no_binding_request_gets_nothing(data: bytes) -> None:
    assert answer(data, "192.0.2.1", 1000) is None


def test_unknown_attributes_are_named_only_if_that_is_no_longer() -> None:
    strange = bytes.fromhex("7fff0000")
    assert answer(request(strange), "192.0.2.1", 1000) is None
    found = answer(request(strange, bytes.fromhex("80220010") + bytes(16)), "192.0.2.1", 1000)
    assert found is not None
    assert found[:2] == bytes.fromhex("0111")
    assert bytes.fromhex("7fff") in found


@given(st.binary(max_size=700))
@settings(derandomize=True, max_examples=300)
def test_an_answer_is_hardly_longer_than_its_question(data: bytes) -> None:
    for question in (data, request(data)):
        found = answer(question, "2001:db8::1", 1000)
        assert found is None or len(found) <= len(question) + 24


def test_over_a_socket() -> None:
    """A question through a real socket, and the address that it came from."""

    async def scene() -> tuple[bytes, int]:
        server = await open_stun("127.0.0.1", 0)
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[bytes] = loop.create_future()

        class Client(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                heard.set_result(data)

        transport, _ = await loop.create_datagram_endpoint(
            Client, remote_addr=("127.0.0.1", server.port)
        )
        transport.sendto(b"no request")
        transport.sendto(REQUEST)
        async with asyncio.timeout(10):
            found = await heard
        port = transport.get_extra_info("sockname")[1]
        transport.close()
        server.close()
        return found, port

    found, port = asyncio.run(scene())
    assert found == answer(REQUEST, "127.0.0.1", port)
