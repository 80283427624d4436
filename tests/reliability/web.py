"""A server on this machine that serves one file, slowly, and counts who asks."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from collections.abc import Iterator
from typing import Any

CONTENT = bytes(range(256)) * 400


@contextlib.contextmanager
def server(seconds: float = 0.0) -> Iterator[tuple[str, list[str]]]:
    """Gives the address, and the list of requests so far; each takes `seconds`."""
    requests: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = int(self.headers.get("Range", "bytes=0-")[6:-1])
            requests.append(self.path)
            time.sleep(seconds)
            self.send_response(206 if start else 200)
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
            self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            self.wfile.write(CONTENT[start:])

        def log_message(self, *_: Any) -> None:
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/model.nemo", requests
    finally:
        running.shutdown()
        thread.join()
        running.server_close()
