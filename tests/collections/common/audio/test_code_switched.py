"""Utterances of several languages joined to one."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset

from nemo.collections.common.data import CodeSwitchedDataset, ConcatDataset
from nemo.utils.exceptions import ConfigError

RATE = 100


class Language(Dataset):
    """Utterance i is half a second or more of a tone, and its text is one id."""

    def __init__(self, count, first, seconds=0.5):
        self.count, self.first, self.seconds = count, first, seconds

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        length = int(RATE * self.seconds) + 2 * int(index)
        audio = torch.full((length,), 0.1)
        return audio, torch.tensor(length), torch.tensor([self.first + int(index)]), torch.tensor(1)


def mixed(**options):
    options = {"min_duration": 2, "max_duration": 3, "min_monolingual": 0, "seed": 1, "sample_rate": RATE} | options
    return CodeSwitchedDataset([Language(12, 0), Language(12, 100)], **options)


def test_mixtures_are_as_long_as_asked_and_change_their_language():
    for audio, length, ids, count in mixed():
        assert 2 * RATE <= length == len(audio) <= 3 * RATE
        assert count == len(ids) >= 3
        languages = (ids // 100).tolist()
        assert all(one != other for one, other in zip(languages, languages[1:], strict=False))


def test_each_utterance_begins_one_mixture_of_an_epoch():
    dataset = mixed()
    first = [int(ids[0]) for _, _, ids, _ in dataset]
    assert Counter(first) == Counter([*range(12), *range(100, 112)])
    assert len(dataset) == 24


def test_a_part_stays_monolingual():
    counts = [int(count) for *_, count in mixed(min_monolingual=0.25)]
    assert counts.count(1) == 6
    assert {int(count) for *_, count in mixed(min_monolingual=1)} == {1}


def test_level_and_pauses():
    audio, *_ = next(iter(mixed(min_monolingual=1, db_norm=-40, pause_start=100, pause_end=200)))
    assert audio[:10].abs().max() == audio[-20:].abs().max() == 0
    np.testing.assert_allclose(audio[10:-20], 0.01, rtol=1e-5)  # -40 dB
    audio, _, ids, _ = next(iter(mixed(pause_join=100)))
    assert int((audio == 0).sum()) == 10 * (len(ids) - 1)


def test_a_sample_depends_on_its_key_only():
    dataset = mixed()
    keys = list(dataset.keys(5, 0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(dataset.fetch(keys[3]), dataset.fetch(keys[3]), strict=True))


def test_what_is_too_long_stays_alone():
    dataset = CodeSwitchedDataset([Language(3, 0, 5.0), Language(3, 100, 5.0)], sample_rate=RATE, max_duration=6)
    assert {int(count) for *_, count in dataset} == {1}


def test_languages_are_used_as_often_as_said_and_epochs_scaled():
    firsts = [int(ids[0]) // 100 for _, _, ids, _ in mixed(lang_probs=[0.75, 0.25], sampling_scales=0.5)]
    assert Counter(firsts) == {0: 9, 1: 3}
    random_order = [(ids // 100).tolist() for _, _, ids, _ in mixed(pure_random=True)]
    assert any(one == other for row in random_order for one, other in zip(row, row[1:], strict=False))


def test_it_may_go_on_for_ever():
    endless = iter(mixed(infinity_mode=True))
    assert len([next(endless) for _ in range(60)]) == 60


@pytest.mark.parametrize(
    "options", [{"min_duration": 4}, {"min_monolingual": 2}, {"lang_probs": [1.0]}, {"lang_probs": [0.0, 0.0]}]
)
def test_numbers_that_cannot_be_are_named(options):
    with pytest.raises(ConfigError, match="Expected|expected"):
        mixed(**options)


def test_streams_are_refused():
    with pytest.raises(ConfigError, match="samples by number, not streams"):
        CodeSwitchedDataset([ConcatDataset([Language(3, 0)])])
