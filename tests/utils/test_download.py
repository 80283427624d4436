"""Downloads against a local server that breaks off, resumes, and lies."""

import hashlib
import http.server
import io
import tarfile
import threading

import pytest

from nemo.utils.download import download, extract_tar, read_url
from nemo.utils.exceptions import DownloadError

CONTENT = bytes(range(256)) * 4000
REDIRECTIONS = {"to-plain": "/plain", "to-file": "file:///etc/hostname", "to-ftp": "ftp://127.0.0.1:9/x"}


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT; the path says how."""

    requests: list[tuple[str, str | None]] = []

    def do_GET(self):
        kind = self.path.strip("/")
        asked = self.headers.get("Range")
        Handler.requests.append((kind, asked))
        if kind == "missing":
            return self.send_error(404)
        if kind in REDIRECTIONS:
            self.send_response(302)
            self.send_header("Location", REDIRECTIONS[kind])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        if kind == "broken" or (kind == "first-fails" and len(Handler.requests) == 1):
            return self.send_error(503)
        start = int(asked.split("=")[1].rstrip("-")) if asked and kind != "no-ranges" else 0
        if start >= len(CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if kind != "no-length":
            self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        body = CONTENT[start:]
        if kind == "breaks-off" and not start:
            body = body[:1000]
        self.wfile.write(body)
        return None

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_requests():
    Handler.requests.clear()


@pytest.mark.parametrize("kind", ["plain", "no-length", "no-ranges", "breaks-off", "first-fails"])
def test_the_whole_file_arrives(address, tmp_path, kind):
    path = download(f"{address}/{kind}", tmp_path / "deep" / "file", sha256=hashlib.sha256(CONTENT).hexdigest())
    assert path.read_bytes() == CONTENT
    assert [item.name for item in path.parent.iterdir()] == ["file"]
    count = len(Handler.requests)
    download(f"{address}/{kind}", path)
    assert len(Handler.requests) == count


def test_a_broken_connection_goes_on_where_it_broke(address, tmp_path):
    download(f"{address}/breaks-off", tmp_path / "file")
    assert Handler.requests == [("breaks-off", None), ("breaks-off", "bytes=1000-")]


@pytest.mark.parametrize(("kind", "have"), [("plain", 500), ("no-ranges", 500), ("plain", len(CONTENT))])
def test_what_arrived_earlier_is_used(address, tmp_path, kind, have):
    (tmp_path / "file.part").write_bytes(CONTENT[:have])
    assert download(f"{address}/{kind}", tmp_path / "file").read_bytes() == CONTENT
    assert Handler.requests[0] == (kind, f"bytes={have}-")


def test_a_remainder_of_another_file_is_thrown_away(address, tmp_path):
    (tmp_path / "file.part").write_bytes(b"x" * (len(CONTENT) + 5))
    assert download(f"{address}/plain", tmp_path / "file").read_bytes() == CONTENT
    (tmp_path / "two.part").write_bytes(b"x" * 500)
    with pytest.raises(DownloadError, match="Call again"):
        download(f"{address}/plain", tmp_path / "two", md5=hashlib.md5(CONTENT).hexdigest())
    assert not list(tmp_path.glob("two*"))


def test_failures_are_named(address, tmp_path):
    for kind, said in (("missing", "404"), ("broken", "503")):
        with pytest.raises(DownloadError, match=f"{kind} cannot be had: the server answers {said}"):
            download(f"{address}/{kind}", tmp_path / "file")
    with pytest.raises(DownloadError, match=r"cannot be had: .*put it at"):
        download("http://127.0.0.1:9/nothing", tmp_path / "file", attempts=2)
    with pytest.raises(DownloadError, match="no web address"):
        download("file:///etc/passwd", tmp_path / "file")
    for kind in ("plain", "no-length"):
        with pytest.raises(DownloadError, match="1000"):
            download(f"{address}/{kind}", tmp_path / "large", max_bytes=1000)
    assert not (tmp_path / "file").exists()


def test_small_files_are_read(address):
    assert read_url(f"{address}/plain", max_bytes=2 << 20) == CONTENT


def tar_with(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content or b""))
    return path


def test_archives_are_unpacked_into_what_is_there(tmp_path):
    out = tmp_path / "out"
    (out / "a").mkdir(parents=True)
    (out / "a/old").write_text("old")
    extract_tar(tar_with(tmp_path / "t.tgz", {"a/new": b"1", "b": b"2"}), out)
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*")) == ["a", "a/new", "a/old", "b"]


@pytest.mark.parametrize("members", [{"../x": b"1"}, {"ok": b"1", "link": None}])
def test_members_that_leave_the_folder_are_refused(tmp_path, members):
    with pytest.raises(DownloadError, match="cannot be unpacked"):
        extract_tar(tar_with(tmp_path / "t.tgz", members), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    assert not (tmp_path / "x").exists()


def test_damaged_archives_are_named(tmp_path):
    whole = tar_with(tmp_path / "t.tgz", {"a": bytes(100_000)}).read_bytes()
    for content in (b"", b"hello", whole[: len(whole) // 2]):
        (tmp_path / "bad.tgz").write_bytes(content)
        with pytest.raises(DownloadError, match=r"bad\.tgz cannot be unpacked"):
            extract_tar(tmp_path / "bad.tgz", tmp_path / "out")


def test_redirection_to_a_web_address_is_followed(address, tmp_path):
    assert download(f"{address}/to-plain", tmp_path / "x").read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["to-file", "to-ftp"])
def test_redirection_to_something_else_is_refused(address, tmp_path, kind):
    with pytest.raises(DownloadError):
        download(f"{address}/{kind}", tmp_path / "x", attempts=1)
    assert not (tmp_path / "x").exists()


def test_redirection_from_https_to_http_is_refused():
    import urllib.request

    from nemo.utils.download import _SafeRedirects

    request = urllib.request.Request("https://example.org/a")
    with pytest.raises(DownloadError, match=r"https://example.org/a leads to http://example.org/b"):
        _SafeRedirects().redirect_request(request, None, 302, "", {}, "http://example.org/b")
    assert _SafeRedirects().redirect_request(request, None, 302, "", {}, "https://example.org/b") is not None
