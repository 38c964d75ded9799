"""`python -m benchmarks.file_server CA_FILE`: takes and gives files of any size over TLS, and keeps none of them.

The stand-in holds each request whole, so that tests can look at it; a gigabyte would be too much.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sandbox.certificates import server_context, write_ca

_BLOCK = os.urandom(1000 * 1000)


class _Files(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take a body and say how many bytes it had."""
        size = left = int(self.headers["Content-Length"])
        while left:
            piece = self.rfile.read1(min(left, len(_BLOCK)))
            if not piece:
                return
            left -= len(piece)
        answer = f'{{"size":{size}}}\n'.encode()
        self._head("application/json", len(answer))
        self.wfile.write(answer)

    def do_GET(self) -> None:
        """Give as many bytes as the path ends with."""
        size = int(self.path.rpartition("/")[2])
        self._head("application/octet-stream", size)
        for _ in range(size // len(_BLOCK)):
            self.wfile.write(_BLOCK)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _head(self, kind: str, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.end_headers()


def main(ca_file: str) -> None:
    """Print the address, and serve until the process is ended."""
    write_ca(Path(ca_file))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    server.socket = server_context("trusted").wrap_socket(server.socket, server_side=True)
    print(f"https://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
