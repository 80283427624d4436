"""Battery F2: the inputs that fuzzing begins with and those it has found, and some changes of each, harm no reader."""

from __future__ import annotations

import gc
import random
import shutil
import weakref

import pytest

from tests.fuzz.targets import CORPUS, TARGETS, FuzzFinding, quietly_watching, try_input

CHANGES = 60
"""Of each input, besides the input itself."""


def changed(data: bytes, draw: random.Random) -> bytes:
    """One to four bytes replaced, taken out or put in, or a part repeated."""
    result = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        place = draw.randint(0, len(result))
        kind = draw.randint(0, 3)
        if kind == 0 and place < len(result):
            result[place] = draw.choice([0, 1, 0x7F, 0x80, 0xFF, draw.randint(0, 255)])
        elif kind == 1:
            del result[place : place + draw.randint(1, 16)]
        elif kind == 2:
            result[place:place] = draw.randbytes(draw.randint(1, 4))
        else:
            result[place:place] = result[place : place + draw.randint(1, 64)]
    return bytes(result)


@pytest.mark.battery("F2")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", TARGETS)
def test_corpus_harms_no_reader(target, tmp_path):
    draw = random.Random(target)
    inputs = sorted((CORPUS / target).iterdir())
    assert len(inputs) >= 5
    with quietly_watching(tmp_path) as watch:
        for path in inputs:
            data = path.read_bytes()
            for number in range(CHANGES + 1):
                tried = changed(data, draw) if number else data
                try:
                    try_input(target, tried, tmp_path, watch)
                except Exception as error:
                    raise AssertionError(f"{path.name}, change {number}: {tried!r}") from error


def test_control_a_reader_that_runs_code_is_found(tmp_path, monkeypatch):
    import os

    monkeypatch.setitem(TARGETS, "config", lambda data, folder: os.mkdir(data))
    with quietly_watching(tmp_path) as watch, pytest.raises(FuzzFinding, match="mkdir"):
        try_input("config", os.fsencode(tmp_path.parent / "outside"), tmp_path, watch)


def test_control_a_reader_that_takes_too_long_or_too_much_is_found(tmp_path, monkeypatch):
    from tests.fuzz import targets

    monkeypatch.setattr(targets, "MAX_SECONDS", -1.0)
    with quietly_watching(tmp_path) as watch, pytest.raises(FuzzFinding, match="processor time"):
        try_input("config", b"a: 1", tmp_path, watch)
    monkeypatch.setattr(targets, "MAX_SECONDS", 10.0)
    monkeypatch.setattr(targets, "MAX_BYTES", -1)
    with quietly_watching(tmp_path) as watch, pytest.raises(FuzzFinding, match="memory"):
        try_input("config", b"a: 1", tmp_path, watch)


class _Abandoned:
    """In a circle of references, so that only the garbage collector finds it; its folder goes with it."""

    def __init__(self, folder):
        self.itself = self
        weakref.finalize(self, shutil.rmtree, folder)


def test_what_earlier_tests_left_to_the_garbage_collector_is_not_blamed_on_a_reader(tmp_path):
    folder, scratch = tmp_path / "artifacts", tmp_path / "scratch"
    folder.mkdir()
    _Abandoned(folder)
    with quietly_watching(scratch) as watch:
        gc.collect()
    assert not folder.exists()
    assert watch.harm == []
