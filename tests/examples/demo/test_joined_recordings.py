import random
from collections import Counter

import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.demo.joined_recordings import LONGEST_PAUSE_SECONDS, join_recordings, plan
from tests.examples.demo.test_manifests import write_silence


@given(st.lists(st.floats(0.3, 14.0), min_size=1, max_size=40), st.integers(0, 9))
@settings(deadline=None)
def test_every_recording_is_in_one_group_and_groups_are_short_enough(seconds, seed):
    groups = plan(seconds, 6.0, random.Random(seed))
    assert sorted(index for group in groups for index in group) == list(range(len(seconds)))
    for group in groups:
        assert len(group) == 1 or sum(seconds[i] + LONGEST_PAUSE_SECONDS for i in group) <= 6.0 + 1e-6


def test_joined_recordings_hold_all_words_of_each_round(tmp_path):
    entries = [
        {"audio_filepath": str(write_silence(tmp_path / f"{i}.wav", 0.5)), "duration": 0.5, "text": f"word{i}"}
        for i in range(9)
    ]
    joined = join_recordings(entries, tmp_path / "joined", longest=3.0, rounds=2)
    assert Counter(word for entry in joined for word in entry["text"].split()) == {f"word{i}": 2 for i in range(9)}
    for entry in joined:
        assert soundfile.info(entry["audio_filepath"]).duration == pytest.approx(entry["duration"], abs=1e-3)
        assert entry["duration"] <= 3.0
    assert joined[0]["text"] != joined[len(joined) // 2]["text"]
