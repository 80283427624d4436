"""Lists of recordings with texts or labels."""

import json

import pytest

from nemo.collections.common.data.collections import ASRAudioText, ASRSpeechLabel, AudioText, SpeechLabel
from nemo.collections.common.exceptions import ManifestError


@pytest.fixture
def manifest(tmp_path):
    lines = [
        {"audio_filepath": "/b/x.wav", "duration": 3.0, "text": "ab", "label": "up,loud", "lang": "en"},
        {"audio_filepath": "/b/y.wav", "duration": 1.0, "text": "", "command": "down", "id": "u2"},
        {"audio_filepath": "/c/x.wav", "duration": 2.0, "text": "b", "label": "up", "offset": 0.5},
    ]
    (tmp_path / "m.json").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path / "m.json"


def ids(text):
    return [ord(letter) for letter in text] or None


def test_texts_become_ids_within_limits(manifest):
    every = ASRAudioText(manifest, ids)
    assert [(entity.id, entity.text_tokens, entity.lang) for entity in every] == [(0, [97, 98], "en"), (2, [98], None)]
    assert [entity.duration for entity in ASRAudioText(manifest, ids, do_sort_by_size=True)] == [2.0, 3.0]
    assert len(ASRAudioText(manifest, ids, max_duration=2.5)) == 1
    assert ASRAudioText(manifest, ids, min_duration=2.5)[0].audio_file == "/b/x.wav"
    assert len(ASRAudioText(manifest, ids, max_number=1)) == 1
    assert ASRAudioText(manifest, ids, index_by_file_id=True).mapping == {"x": [0, 1]}


def test_known_ids_win_over_the_text():
    made = AudioText([1], ["a.wav"], [1.0], ["ab"], [0.0], [None], [None], [[7]], [None], ids)
    assert made[0].text_tokens == [7]


def test_labels_are_listed_and_counted(manifest):
    assert ASRSpeechLabel(manifest).uniq_labels == ["down", "up", "up,loud"]
    counted = ASRSpeechLabel(manifest, cal_labels_occurrence=True, delimiter=",")
    assert counted.uniq_labels == ["down", "loud", "up"]
    assert counted.labels_occurrence == {"up": 2, "down": 1, "loud": 1}
    assert SpeechLabel(["a.wav"], [1.0], [3], [None])[0].label == 3


def test_missing_labels_and_words_for_numbers_are_named(manifest, tmp_path):
    with pytest.raises(ManifestError, match="line 1: \"label\" is 'up,loud'. Expected a number"):
        ASRSpeechLabel(manifest, is_regression_task=True)
    (tmp_path / "none.json").write_text('{"audio_filepath": "a.wav", "duration": 1, "text": "a"}')
    with pytest.raises(ManifestError, match='line 1 has no "label"'):
        ASRSpeechLabel(tmp_path / "none.json")
