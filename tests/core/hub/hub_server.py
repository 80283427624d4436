"""A Hub on this machine, as far as fetching and publishing models needs one."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class LocalHub:
    """Repositories by name; each is a dict from file name to content. Requests are recorded."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.gated: set[str] = set()
        self.lies: set[str] = set()
        """File names that arrive with one byte changed."""
        self.requests: list[str] = []
        self.address = ""

    def commit_of(self, repository: str) -> str:
        """A hash that changes with the content."""
        digest = hashlib.sha1(repository.encode())
        for name, content in sorted(self.repositories[repository].items()):
            digest.update(name.encode() + content)
        return digest.hexdigest()


@contextmanager
def running_hub() -> Iterator[LocalHub]:
    hub = LocalHub()
    handler = type("HandlerOfHub", (Handler,), {"hub": hub})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield hub
        server.shutdown()
        thread.join()


class Handler(http.server.BaseHTTPRequestHandler):
    hub: LocalHub

    def log_message(self, *_: Any) -> None:
        pass

    def _json(self, value: Any, status: int = 200, **headers: str) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, content in headers.items():
            self.send_header(name.replace("_", "-"), content)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refused(self, repository: str) -> bool:
        if repository in self.hub.gated:
            self._json({"error": "gated"}, 403, X_Error_Code="GatedRepo")
            return True
        if repository not in self.hub.repositories:
            self._json({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")
            return True
        return False

    def do_HEAD(self) -> None:
        self._get()

    def do_GET(self) -> None:
        self._get()

    def _get(self) -> None:
        path = self.path.split("?")[0]
        self.hub.requests.append(f"{self.command} {path}")
        parts = path.strip("/").split("/")
        if parts[0] == "api":
            repository = "/".join(parts[2:4])
            if self._refused(repository):
                return
            if "tree" in parts:
                self._json(self._tree(repository))
            else:
                self._json(self._info(repository))
            return
        repository, name = "/".join(parts[:2]), "/".join(parts[4:])
        if not self._refused(repository):
            self._file(repository, name)

    def _info(self, repository: str) -> dict[str, Any]:
        files = [{"rfilename": name} for name in self.hub.repositories[repository]]
        return {
            "id": repository,
            "sha": self.hub.commit_of(repository),
            "siblings": files,
            "tags": [],
            "private": False,
        }

    def _tree(self, repository: str) -> list[dict[str, Any]]:
        return [
            {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
            for name, content in self.hub.repositories[repository].items()
        ]

    def _file(self, repository: str, name: str) -> None:
        content = self.hub.repositories[repository].get(name)
        commit = self.hub.commit_of(repository)
        if content is None:
            self._json({"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
            return
        etag = hashlib.sha256(content).hexdigest()
        if name in self.hub.lies:
            content = bytes([content[0] ^ 1]) + content[1:]
        self.send_response(200)
        self.send_header("X-Repo-Commit", commit)
        self.send_header("ETag", f'"{etag}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def do_POST(self) -> None:
        path = self.path.split("?")[0]
        self.hub.requests.append(f"POST {path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked" and not body:
            body = self._chunks()
        if path == "/api/repos/create":
            asked = json.loads(body)
            repository = f"{asked.get('organization') or 'me'}/{asked['name']}"
            known = repository in self.hub.repositories
            self.hub.repositories.setdefault(repository, {})
            self._json({"url": f"{self.hub.address}/{repository}"}, 409 if known else 200)
        elif "/preupload/" in path:
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self._json({"files": files})
        elif "/commit/" in path:
            self._commit("/".join(path.strip("/").split("/")[2:4]), body)
        else:
            self._json({})

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body

    def _commit(self, repository: str, body: bytes) -> None:
        files = self.hub.repositories[repository]
        for line in body.splitlines():
            entry = json.loads(line)
            if entry["key"] == "file":
                files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            elif entry["key"] == "deletedFile":
                del files[entry["value"]["path"]]
        oid = self.hub.commit_of(repository)
        self._json({"commitUrl": f"{self.hub.address}/{repository}/commit/{oid}", "commitOid": oid})
