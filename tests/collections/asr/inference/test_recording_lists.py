import json

import pytest
import soundfile

from nemo.collections.asr.inference.recording_lists import (
    create_manifest,
    get_input_manifest_dict,
    read_file,
    recording_name,
    rreplace,
)
from nemo.collections.common.exceptions import ManifestError
from tests.collections.asr.models import tiny


def lists(folder, **files):
    """Files of recordings `b.1` and `a` with their lists; returns the lists."""
    paths = {}
    for suffix, contents in files.items():
        entries = []
        for name, content in zip(("b.1", "a"), contents, strict=True):
            path = folder / f"{name}.{suffix}"
            if suffix == "wav":
                soundfile.write(path, tiny.signal(content), tiny.SAMPLE_RATE)
            else:
                path.write_text(content)
            entries.append(str(path))
        paths[suffix] = folder / f"{suffix}.list"
        paths[suffix].write_text("\n".join(entries) + "\n\n")
    return paths


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_manifest_of_recordings_alone(tmp_path):
    found = lists(tmp_path, wav=(0.5, 0.25))
    create_manifest(found["wav"], tmp_path / "m.json", add_duration=True)
    lines = read(tmp_path / "m.json")
    assert [line["audio_filepath"] for line in lines] == read_file(found["wav"])
    assert [line["duration"] for line in lines] == [0.25, 0.5]
    assert lines[0] == lines[0] | {"offset": 0.0, "text": "-", "label": "infer", "num_speakers": None}
    create_manifest(found["wav"], tmp_path / "m.json")
    assert [line["duration"] for line in read(tmp_path / "m.json")] == [None, None]


def test_what_belongs_to_a_recording_is_found_by_its_name(tmp_path):
    rttm = "SPEAKER {0} 1 0.0 1.0 <NA> <NA> {1} <NA> <NA>\nSPEAKER {0} 1 1.0 1.0 <NA> <NA> {2} <NA> <NA>\n"
    found = lists(
        tmp_path,
        wav=(0.5, 0.25),
        txt=("two  words\n", "one"),
        rttm=(rttm.format("b.1", "x", "y"), rttm.format("a", "x", "x")),
        uem=("b.1 1 0.5 2.0", "a 1 0 1.5"),
    )
    create_manifest(found["wav"], tmp_path / "m.json", found["txt"], found["rttm"], found["uem"])
    by_name = get_input_manifest_dict(tmp_path / "m.json")
    assert by_name["b.1"]["text"] == "two words"
    assert (by_name["b.1"]["offset"], by_name["b.1"]["duration"]) == (0.5, 1.5)
    assert [by_name[name]["num_speakers"] for name in ("a", "b.1")] == [1, 2]
    assert by_name["a"]["rttm_filepath"] == str(tmp_path / "a.rttm")


def test_lists_that_do_not_fit_are_refused(tmp_path):
    found = lists(tmp_path, wav=(0.5, 0.25), txt=("x", "y"))
    found["txt"].write_text(str(tmp_path / "a.txt") + "\n" + str(tmp_path / "c.txt"))
    with pytest.raises(ManifestError, match=r"b\.1 without a file, c without a recording"):
        create_manifest(found["wav"], tmp_path / "m.json", found["txt"])


def test_two_recordings_of_one_name_are_refused(tmp_path):
    manifest = tmp_path / "m.json"
    manifest.write_text('{"audio_filepath": "x/a.wav"}\n{"audio_filepath": "y/a.wav"}\n')
    with pytest.raises(ManifestError, match="two recordings of the name a"):
        get_input_manifest_dict(manifest)


def test_the_last_of_several_is_replaced():
    assert rreplace("a.b.a", "a", "c") == "a.b.c"
    assert rreplace("abc", "x", "y") == "abc"
    assert recording_name("folder/a.b.wav") == "a.b"
