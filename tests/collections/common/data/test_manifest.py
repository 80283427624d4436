"""Manifests: every key of the format, and what is harmless; what is not is in test_corrupted_manifests.py."""

import gzip
import json

import pytest

from nemo.collections.common.data.manifest import (
    get_full_path,
    is_tarred_dataset,
    read_manifest,
    read_manifest_objects,
    write_manifest,
)

GOOD = b'{"audio_filepath": "/a.wav", "duration": 1.5, "text": "yes"}'


def line(**changes) -> bytes:
    entry = {"audio_filepath": "/a.wav", "duration": 1.5, "text": "yes"} | changes
    return json.dumps({key: value for key, value in entry.items() if value is not ...}).encode()


def saved(folder, content: bytes, name: str = "train.json"):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD + b"\r\n\r\n",
        b"\n\n" + GOOD,
        GOOD,
        gzip.compress(GOOD + b"\n"),
        b"  " + GOOD + b" \n",
    ],
    ids=["BOM", "CRLF", "empty lines", "no last newline", "gzip", "spaces"],
)
def test_harmless_variants_are_read(tmp_path, content):
    (entry,) = read_manifest(saved(tmp_path, content))
    assert (entry.audio_file, entry.duration, entry.text) == ("/a.wav", 1.5, "yes")


def test_every_key_of_the_format_is_kept(tmp_path):
    item = {
        "audio_filename": "/b.wav",
        "duration": 2,
        "normalized_text": "two",
        "offset": 0.25,
        "speaker": 7,
        "lang": "en",
        "orig_sample_rate": 8000,
        "token_labels": [1, 2],
        "rttm_filepath": "/r.rttm",
        "feature_file": "/f.npy",
        "video_filepath": "/v.mp4",
        "label": "up",
        "command": "go",
        "source_lang": "en",
        "target_lang": "de",
        "taskname": "asr",
        "pnc": "yes",
        "id": "u1",
        "emotion": "calm",
    }
    (entry,) = read_manifest(saved(tmp_path, json.dumps(item).encode()))
    assert entry.audio_file == "/b.wav"
    assert (entry.text, entry.offset, entry.speaker, entry.lang, entry.orig_sample_rate) == ("two", 0.25, 7, "en", 8000)
    assert (entry.rttm_file, entry.feature_file, entry.video_file) == ("/r.rttm", "/f.npy", "/v.mp4")
    assert (entry.label, entry.command, entry.source_lang, entry.target_lang) == ("up", "go", "en", "de")
    assert (entry.taskname, entry.pnc, entry.id, entry.token_labels) == ("asr", "yes", "u1", [1, 2])
    assert entry.extra == {"emotion": "calm"}
    assert entry.place.endswith("train.json line 1")


def test_text_wins_over_text_file_and_normalized_text(tmp_path):
    (tmp_path / "t.txt").write_text("from\nfile\n")
    content = line(text_filepath="t.txt", normalized_text="n") + b"\n" + line(text=..., text_filepath="t.txt")
    content += b"\n" + line(text=...)
    assert [entry.text for entry in read_manifest(saved(tmp_path, content))] == ["yes", "from file", ""]


def test_relative_paths_start_at_the_manifest(tmp_path, monkeypatch):
    path = saved(tmp_path, line(audio_filepath="clips/a.wav") + b"\n" + line(audio_filepath=["1.wav", "/2.wav"]))
    one, two = read_manifest(path)
    assert one.audio_file == str(tmp_path / "clips/a.wav")
    assert two.audio_file == [str(tmp_path / "1.wav"), "/2.wav"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.wav").touch()
    assert get_full_path("here.wav", "elsewhere/m.json") == "here.wav"
    assert get_full_path("gone.wav", "elsewhere/m.json") == "elsewhere/gone.wav"
    assert get_full_path("s3://bucket/a.wav", path) == "s3://bucket/a.wav"


def test_several_manifests_are_read_in_order(tmp_path):
    one, two = saved(tmp_path, line(text="1"), "1.json"), saved(tmp_path, line(text="2"), "2.json")
    for paths in (f"{one}, {two}", [str(one), str(two)], [f"{one},{two}"]):
        assert [entry.text for entry in read_manifest(paths)] == ["1", "2"]


def test_unknown_duration_is_none_where_allowed(tmp_path):
    content = line(duration=None) + b"\n" + line(duration=...) + b"\n" + line()
    assert [e.duration for e in read_manifest(saved(tmp_path, content), require_duration=False)] == [None, None, 1.5]


def test_what_is_written_is_read_back(tmp_path):
    items = [{"audio_filepath": "a.wav", "duration": 1.25, "text": "naïve \u2581 \u0065\u0301"}, {"x": [1, None]}]
    for ensure_ascii in (True, False):
        write_manifest(tmp_path / "m.json", items, ensure_ascii=ensure_ascii)
        assert read_manifest_objects(tmp_path / "m.json") == items
    assert (tmp_path / "m.json").read_text(encoding="utf-8").count("\n") == 2


def test_tarred_manifests_are_known_by_their_name():
    assert is_tarred_dataset("a.wav", "/d/tarred_audio_manifest.json")
    assert is_tarred_dataset("a.wav", "/d/sharded_manifests/manifest_12.json")
    assert not is_tarred_dataset("a.wav", "/d/manifest_12.json")
    assert not is_tarred_dataset("clips/a.wav", "/d/tarred_audio_manifest.json")


def test_absolute_paths_need_no_look_at_the_disk(tmp_path, monkeypatch):
    path = saved(tmp_path, (GOOD + b"\n") * 1000)

    def refuse(_path):
        raise AssertionError("os.path.exists was called")

    monkeypatch.setattr("nemo.collections.common.data.manifest.os.path.exists", refuse)
    assert len(read_manifest(path)) == 1000
