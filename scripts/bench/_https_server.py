"""The hub's side of the HTTPS rival: TLS 1.3, any number of POSTs, the moment each body is whole.

Usage: _https_server.py PORT CERTIFICATE KEY. Prints "ready"; then "read SECOND PATH BYTES" as a
body comes in, "whole SECOND PATH BYTES" when it is there, "broken SECOND PATH BYTES" when it
ended too early. Seconds are of the machine's monotonic clock, the same in all namespaces.
"""

from __future__ import annotations

import http.server
import ssl
import sys
import time

PIECE_BYTES = 4096


class Taker(http.server.BaseHTTPRequestHandler):
    """Takes a body, notes the times, and answers 204."""

    protocol_version = "HTTP/1.1"
    timeout = 600

    def do_POST(self) -> None:
        """Read the whole body before anything else."""
        if self.headers.get("Expect", "") == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        length = int(self.headers["Content-Length"])
        got = 0
        while got < length:
            try:
                piece = self.rfile.read1(min(PIECE_BYTES, length - got))
            except OSError:
                break
            if not piece:
                break
            got += len(piece)
            self._say("read", got)
        self._say("whole" if got == length else "broken", got)
        if got < length:
            self.close_connection = True
            return
        self.send_response(204)
        self.end_headers()
        self.wfile.flush()

    def _say(self, what: str, got: int) -> None:
        # One write a line: several bodies may be on their way.
        sys.stdout.write(f"{what} {time.monotonic():.6f} {self.path} {got}\n")
        sys.stdout.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing: stdout is the measurement."""


class Server(http.server.ThreadingHTTPServer):
    """Quiet about clients that go away: that is what is measured."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing to say."""


def main(port: str, certificate: str, key: str) -> None:
    """Serve until stopped."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    server = Server(("0.0.0.0", int(port)), Taker)
    # The handshake belongs to the connection's thread, not to the accepting one.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
