import http.server
import threading

import pytest

from nemo.utils.cloud import maybe_download_from_cloud
from nemo.utils.exceptions import DownloadError


@pytest.fixture
def server():
    """Serves the number of requests so far, and 404 for files named missing."""
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            found = not self.path.endswith("missing")
            self.send_response(200 if found else 404)
            body = str(len(requests)).encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args): ...

    running = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield f"http://localhost:{running.server_port}/folder/", requests
    running.shutdown()
    thread.join()
    running.server_close()


def test_a_file_is_downloaded_once_unless_it_is_to_be_refreshed(server, tmp_path):
    url, requests = server
    for refresh, content in ((False, "1"), (False, "1"), (True, "2")):
        path = maybe_download_from_cloud(url, "a.txt", "sub", tmp_path, refresh_cache=refresh)
        assert path == str(tmp_path / "sub" / "a.txt")
        assert (tmp_path / "sub" / "a.txt").read_text() == content
    assert requests == ["/folder/a.txt"] * 2


def test_the_cache_follows_the_environment(server, tmp_path, monkeypatch):
    monkeypatch.setenv("NEMO_CACHE_DIR", str(tmp_path))
    assert maybe_download_from_cloud(server[0], "b.txt") == str(tmp_path / "b.txt")


def test_a_missing_file_is_named(server, tmp_path):
    with pytest.raises(DownloadError, match="folder/missing cannot be had: the server answers 404"):
        maybe_download_from_cloud(server[0], "missing", cache_dir=tmp_path)
