"""What the batteries share: a watched call that must be refused."""

from __future__ import annotations

import gc
import sys
import tempfile

import pytest

from tests.security.audit import watching

HARMLESS_IMPORTS = ("nemo", "encodings")


@pytest.fixture(scope="session", autouse=True)
def _quick_collections():
    """What lives now lives to the end, so that the collections before each trial need not look at it."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def canary(tmp_path):
    """A path that no trial may make, beside a file that none may read."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "SECRET").write_text("secret words")
    return folder / "canary"


@pytest.fixture
def refused(tmp_path, canary, monkeypatch):
    """A function that calls another one, which must raise and do nothing else; it returns the error."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def call(function, errors):
        gc.collect()  # models of earlier tests remove their own folders now, and not while we watch
        modules = set(sys.modules)
        with watching(str(scratch)) as watch, pytest.raises(errors) as caught:
            function()
        imported = {name for name in set(sys.modules) - modules if name.split(".")[0] not in HARMLESS_IMPORTS}
        assert watch.harm == []
        assert not canary.exists()
        assert not any("SECRET" in path for path in watch.opened)
        assert list(scratch.iterdir()) == []
        assert imported == set()
        return caught.value

    return call
