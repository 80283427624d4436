"""Loads a script of the repository as a module, without a package around it."""

import functools
import http.server
import importlib.util
import threading
from contextlib import contextmanager
from types import ModuleType

from tests.conftest import REPOSITORY


def load_script(path: str) -> ModuleType:
    """The script at `path` under scripts/."""
    spec = importlib.util.spec_from_file_location(
        path.replace("/", "_").removesuffix(".py"), REPOSITORY / "scripts" / path
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(folder):
    """A web server with the files of `folder`; gives its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
