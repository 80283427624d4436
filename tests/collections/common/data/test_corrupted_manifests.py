"""Battery M1: manifests spoilt in every way; each error names file, line and key, what was expected, and the mend."""

import gzip
import json
import os
import re
import unicodedata

import numpy as np
import pytest
import soundfile

from nemo.collections.asr.data.audio_to_text import AudioToCharDataset
from nemo.collections.common.data.manifest import read_manifest
from nemo.collections.common.exceptions import AudioFileError, ManifestError

GOOD = b'{"audio_filepath": "/a.wav", "duration": 1.5, "text": "yes"}'
MENDS = re.compile(r"\b(mend|write|save|delete|copy|give|name|check|make|leave|set|put)\b", re.IGNORECASE)


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
    "half a character": (b'{"audio_filepath": "/a.wav", "duration": 1, "text": "\\ud83d"}', "surrogate"),
    "half a character in a path": (b'{"audio_filepath": "/\\udc00.wav", "duration": 1}', "surrogate"),
    "carriage returns alone": (GOOD + b"\r" + GOOD, "not JSON"),
    "byte order mark within": (b"\xef\xbb\xbf" + GOOD, "not JSON"),
}


@pytest.mark.battery("M1")
@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_named_with_file_number_fault_and_mend(tmp_path, caplog, name):
    content, said = BAD_LINES[name]
    path = saved(tmp_path, GOOD + b"\n\n" + content + b"\n" + GOOD + b"\n")
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    message = str(caught.value)
    assert f"{path} line 3" in message
    assert said in message
    assert re.search("expected|needs", message, re.IGNORECASE)
    assert MENDS.search(message)
    assert len(message) < 1000
    assert len(read_manifest(path, skip_bad_lines=True)) == 2
    (summary,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "1 faulty lines left out" in summary
    assert f"{path} line 3" in summary


BAD_FILES = {
    "empty.json": (b"", "has no line"),
    "blank.json": (b"\n \r\n\n", "has no line"),
    "utf16.json": (GOOD.decode().encode("utf-16"), "UTF-16"),
    "utf16be.json": (b"\xfe\xff" + GOOD.decode().encode("utf-16-be"), "UTF-16"),
    "cut.json.gz": (gzip.compress(GOOD * 1000)[:-20], "gzip"),
    "checksum.json.gz": (gzip.compress(GOOD * 10)[:-8] + b"\0" * 8, "gzip"),
    "broken.json.gz": (gzip.compress(GOOD)[:12] + b"\xff" * 40, "gzip"),
    "header.json.gz": (b"\x1f\x8b\x00garbage", "gzip"),
    "nothing.json.gz": (gzip.compress(b""), "has no line"),
    "zip.json": (b"PK\x03\x04" + bytes(range(200)), "UTF-8"),
}


@pytest.mark.battery("M1")
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_named(tmp_path, name):
    content, said = BAD_FILES[name]
    path = saved(tmp_path, content, name)
    with pytest.raises(ManifestError, match=said) as caught:
        read_manifest(path)
    assert str(path) in str(caught.value)
    assert MENDS.search(str(caught.value))


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


def test_bad_lines_left_out_are_counted_in_one_warning(tmp_path, caplog):
    path = saved(tmp_path, GOOD + b"\n" + b"x\n" * 50)
    assert len(read_manifest(path, skip_bad_lines=True)) == 1
    assert [record.getMessage().count("50 faulty lines left out") for record in caplog.records] == [1]
    with pytest.raises(ManifestError, match="no usable line"):
        read_manifest(saved(tmp_path, b"x\n"), skip_bad_lines=True)


@pytest.fixture
def recording(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000, subtype="PCM_16")
    return tmp_path


def first_sample(folder, **changes):
    path = saved(folder, line(**({"audio_filepath": "a.wav", "duration": 0.5} | changes)))
    return AudioToCharDataset(str(path), [*"yes"], 8000)[0]


@pytest.mark.battery("M1")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"offset": 1.0}, "ends before the offset of 1.0 s"),
        ({"offset": 5e5}, "ends before the offset"),
        ({"audio_filepath": "."}, "is a folder"),
        ({"audio_filepath": "gone.wav"}, r"gone\.wav does not exist"),
        ({"audio_filepath": "../a.wav"}, "does not exist"),
        ({"audio_filepath": "A.WAV"}, "does not exist"),
        ({"audio_filepath": "a.wav "}, "does not exist"),
        ({"audio_filepath": "x" * 5000}, "cannot be opened"),
    ],
)
def test_what_only_reading_shows_is_named_with_the_line(recording, changes, said):
    with pytest.raises(AudioFileError, match=said) as caught:
        first_sample(recording, **changes)
    assert "train.json line 1" in str(caught.value)
    assert MENDS.search(str(caught.value))


def test_relative_paths_and_lengths_beyond_the_end_are_read(recording):
    assert first_sample(recording)[0].shape == (4000,)
    assert first_sample(recording, duration=9.0)[0].shape == (8000,)
    assert first_sample(recording, audio_filepath="./a.wav", offset=0.9)[0].shape == (800,)


@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_a_name_in_the_other_unicode_form_is_found(recording, written):
    other = {"NFC": "NFD", "NFD": "NFC"}[written]
    os.rename(recording / "a.wav", recording / unicodedata.normalize(other, "né.wav"))
    assert first_sample(recording, audio_filepath=unicodedata.normalize(written, "né.wav"))[0].shape == (4000,)
