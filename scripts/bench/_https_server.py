"""The hub's side of the HTTPS rival: TLS 1.3, one POST, the moment the body is whole.

Usage: _https_server.py PORT CERTIFICATE KEY. Prints "ready", then the monotonic second at which
the last byte of the body had been read. The clock is the machine's, the same in all namespaces.
"""

from __future__ import annotations

import http.server
import ssl
import sys
import time


class Taker(http.server.BaseHTTPRequestHandler):
    """Takes one body, notes the time, and answers 204."""

    protocol_version = "HTTP/1.1"
    timeout = 600

    def do_POST(self) -> None:
        """Read the whole body before anything else."""
        if self.headers.get("Expect", "") == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        whole_at = time.monotonic()
        self.send_response(204)
        self.end_headers()
        self.wfile.flush()
        if len(body) == length:
            print(f"{whole_at:.6f}", flush=True)

    def log_message(self, *_: object) -> None:
        """Say nothing: stdout is the measurement."""


def main(port: str, certificate: str, key: str) -> None:
    """Serve until stopped."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("0.0.0.0", int(port)), Taker)
    # The handshake belongs to the connection's thread, not to the accepting one.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
