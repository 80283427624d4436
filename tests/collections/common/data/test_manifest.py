"""Manifests: every key of the format, and sixty ways of spoiling one."""

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
from nemo.collections.common.exceptions import ManifestError

GOOD = b'{"audio_filepath": "/a.wav", "duration": 1.5, "text": "yes"}'


def line(**changes) -> bytes:
    entry = {"audio_filepath": "/a.wav", "duration": 1.5, "text": "yes"} | changes
    return json.dumps({key: value for key, value in entry.items() if value is not ...}).encode()


def saved(folder, content: bytes, name: str = "train.json"):
    path = folder / name
    path.write_bytes(content)
    return path


# content of one line -> what its error says
BAD_LINES = {
    "not json": (b"hello", "not JSON"),
    "single quotes": (b"{'audio_filepath': '/a.wav'}", "not JSON"),
    "trailing comma": (b'{"audio_filepath": "/a.wav", "duration": 1.5,}', "not JSON"),
    "missing brace": (b'{"audio_filepath": "/a.wav", "duration": 1.5', "not JSON"),
    "missing quote": (b'{"audio_filepath: "/a.wav"}', "not JSON"),
    "two objects": (GOOD + GOOD, "not JSON"),
    "pretty printed": (b"{", "not JSON"),
    "raw tab in a string": (b'{"audio_filepath": "/a.wav", "duration": 1, "text": "a\tb"}', "not JSON"),
    "tab separated": (b"/a.wav\t1.5\tyes", "not JSON"),
    "python literals": (b'{"audio_filepath": "/a.wav", "duration": None}', "not JSON"),
    "comment": (b"# my manifest", "not JSON"),
    "bad escape": (b'{"audio_filepath": "C:\\audio\\a.wav", "duration": 1}', "not JSON"),
    "long line": (b'{"audio_filepath": "' + b"x" * 10_000_000, "not JSON"),
    "deep nesting": (b"[" * 100_000, "JSON"),
    "long number": (b'{"audio_filepath": "/a.wav", "duration": ' + b"9" * 5000 + b"}", "JSON"),
    "latin-1": ('{"audio_filepath": "/ä.wav", "duration": 1}'.encode("latin-1"), "UTF-8"),
    "binary": (bytes(range(128, 200)), "UTF-8"),
    "NUL bytes": (b"\x00" * 100, "not JSON"),
    "array": (b"[1, 2]", "list"),
    "array of objects": (b"[" + GOOD + b"]", "list"),
    "string": (b'"a.wav"', "str"),
    "number": (b"17", "int"),
    "null": (b"null", "NoneType"),
    "true": (b"true", "bool"),
    "duplicate audio": (b'{"audio_filepath": "/a.wav", "audio_filepath": "/b.wav", "duration": 1}', "more than once"),
    "duplicate text": (b'{"audio_filepath": "/a.wav", "duration": 1, "text": "a", "text": "b"}', '"text"'),
    "empty object": (b"{}", "no keys"),
    "no audio": (line(audio_filepath=...), 'no "audio_filepath"'),
    "misspelt audio": (b'{"audio_file_path": "/a.wav", "duration": 1}', "audio_file_path"),
    "null audio": (line(audio_filepath=None), '"audio_filepath" is null'),
    "empty audio": (line(audio_filepath=""), '"audio_filepath"'),
    "blank audio": (line(audio_filepath="  "), '"audio_filepath"'),
    "number as audio": (line(audio_filepath=7), '"audio_filepath" is 7'),
    "object as audio": (line(audio_filepath={"path": "/a.wav"}), '"audio_filepath"'),
    "NUL in audio": (line(audio_filepath="/a\0.wav"), '"audio_filepath"'),
    "no microphones": (line(audio_filepath=[]), '"audio_filepath"'),
    "null microphone": (line(audio_filepath=["/a.wav", None]), '"audio_filepath"'),
    "no duration": (line(duration=...), 'no "duration"'),
    "misspelt duration": (line(duration=..., Duration=1.0), 'no "duration"'),
    "null duration": (line(duration=None), '"duration" is null'),
    "string duration": (line(duration="1.5"), "\"duration\" is '1.5'"),
    "empty duration": (line(duration=""), '"duration"'),
    "list duration": (line(duration=[1.5]), '"duration"'),
    "true duration": (line(duration=True), '"duration" is True'),
    "zero duration": (line(duration=0), '"duration" is 0'),
    "negative duration": (line(duration=-1.5), '"duration" is -1.5'),
    "NaN duration": (b'{"audio_filepath": "/a.wav", "duration": NaN}', "NaN"),
    "infinite duration": (b'{"audio_filepath": "/a.wav", "duration": Infinity}', "Infinity"),
    "overflowing duration": (b'{"audio_filepath": "/a.wav", "duration": 1e999}', '"duration" is inf'),
    "huge duration": (line(duration=1e9), '"duration" is 1000000000'),
    "huge whole duration": (line(duration=10**400), '"duration"'),
    "negative offset": (line(offset=-0.1), '"offset" is -0.1'),
    "string offset": (line(offset="a"), '"offset"'),
    "NaN offset": (b'{"audio_filepath": "/a.wav", "duration": 1, "offset": NaN}', "NaN"),
    "zero sample rate": (line(orig_sample_rate=0), '"orig_sample_rate" is 0'),
    "string sample rate": (line(orig_sample_rate="16k"), '"orig_sample_rate"'),
    "null text": (line(text=None), '"text" is null'),
    "number as text": (line(text=5), '"text" is 5'),
    "list as text": (line(text=["a"]), '"text"'),
    "missing text file": (line(text=..., text_filepath="no.txt"), "no.txt"),
    "null text file": (line(text=..., text_filepath=None), '"text_filepath" is null'),
    "number as normalized text": (line(text=..., normalized_text=1), '"normalized_text" is 1'),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_named_with_file_number_and_fault(tmp_path, name):
    content, said = BAD_LINES[name]
    path = saved(tmp_path, GOOD + b"\n\n" + content + b"\n" + GOOD + b"\n")
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    message = str(caught.value)
    assert f"{path} line 3" in message
    assert said in message
    assert len(message) < 1000
    assert len(read_manifest(path, skip_bad_lines=True)) == 2


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.json", b"", "has no line"),
        ("blank.json", b"\n \r\n\n", "has no line"),
        ("utf16.json", GOOD.decode().encode("utf-16"), "UTF-16"),
        ("cut.json.gz", gzip.compress(GOOD * 1000)[:-20], "gzip"),
        ("broken.json.gz", gzip.compress(GOOD)[:12] + b"\xff" * 40, "gzip"),
        ("header.json.gz", b"\x1f\x8b\x00garbage", "gzip"),
    ],
)
def test_a_bad_file_is_named(tmp_path, name, content, said):
    path = saved(tmp_path, content, name)
    with pytest.raises(ManifestError, match=said) as caught:
        read_manifest(path)
    assert name in str(caught.value)


def test_missing_manifest_and_folder_are_named(tmp_path):
    with pytest.raises(ManifestError, match=r"gone\.json does not exist"):
        read_manifest(tmp_path / "gone.json")
    with pytest.raises(ManifestError, match="is a folder"):
        read_manifest(tmp_path)
    with pytest.raises(ManifestError, match="No manifest"):
        read_manifest([])


def test_first_faults_are_shown_and_the_others_counted(tmp_path):
    with pytest.raises(ManifestError, match=r"line 5.*\n\(4 more lines") as caught:
        read_manifest(saved(tmp_path, b"x\n" * 9))
    assert "line 6" not in str(caught.value)


def test_bad_lines_left_out_are_counted_in_a_warning(tmp_path, caplog):
    path = saved(tmp_path, GOOD + b"\nx\ny\n")
    assert len(read_manifest(path, skip_bad_lines=True)) == 1
    assert "2 faulty lines left out" in caplog.text
    with pytest.raises(ManifestError, match="no usable line"):
        read_manifest(saved(tmp_path, b"x\n"), skip_bad_lines=True)


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
