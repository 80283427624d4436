"""Dataset sections that ask for tar files, buckets, mixtures or lhotse."""

from collections import Counter

import pytest
import torch
from lhotse import CutSet

from nemo.collections.asr.data.loader import build_audio_to_text_loader
from nemo.collections.common.data.batch_plan import EpochBatches
from nemo.collections.common.data.lhotse.nemo_adapters import LazyNeMoIterator
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.data.corpus import LABELS, RATE, letters, write_corpus


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path)


def loader(corpus, **changes):
    section = {"manifest_filepath": str(corpus / "m.json"), "sample_rate": RATE, "batch_size": 4, "labels": LABELS}
    section |= changes
    return build_audio_to_text_loader({key: value for key, value in section.items() if value is not ...})


def epoch(made):
    return [letters(batch) for batch in made]


def flat(batches):
    return sorted(letter for batch in batches for letter in batch)


ALL = LABELS[:12]


def test_tarred_sections_give_every_recording(corpus):
    made = loader(corpus, is_tarred=True, tarred_audio_filepaths=str(corpus / "audio__OP_0..2_CL_.tar"), shuffle=True)
    assert len(made) == 3
    first, second = epoch(made), epoch(made)
    assert flat(first) == flat(second) == ALL
    assert first != second


def test_a_tarred_validation_set_keeps_its_order(corpus):
    made = loader(corpus, is_tarred=True, tarred_audio_filepaths=str(corpus / "audio_{0..2}.tar"))
    assert epoch(made) == [[*"adgj"], [*"behk"], [*"cfil"]]


def buckets(corpus, **changes):
    parts = {
        "manifest_filepath": [[str(corpus / f"m_{part}.json")] for part in range(3)],
        "tarred_audio_filepaths": [[str(corpus / f"audio_{part}.tar")] for part in range(3)],
    }
    return loader(corpus, is_tarred=True, **(parts | changes))


def test_tarred_buckets_have_their_own_batch_sizes(corpus):
    made = buckets(corpus, bucketing_batch_size=1)  # 3, 2 and 1
    assert epoch(made) == [[*"adg"], ["j"], [*"be"], [*"hk"], ["c"], ["f"], ["i"], ["l"]]
    assert [len(batch) for batch in epoch(buckets(corpus, bucketing_batch_size=[4, 4, 2]))] == [4, 4, 2, 2]
    assert [len(batch) for batch in epoch(buckets(corpus))] == [4, 4, 4]
    twice = epoch(buckets(corpus, bucketing_weights=[2, 1, 1]))
    assert Counter(flat(twice)) == Counter(ALL) + Counter("adgj")


def test_tarred_buckets_come_in_the_order_of_the_strategy(corpus):
    torch.manual_seed(0)
    made = buckets(corpus, shuffle=True)
    orders = [
        "".join(str("abc".index(next(letter for letter in batch if letter in "abc"))) for batch in epoch(made))
        for _ in range(6)
    ]
    assert len(set(orders)) > 1
    assert {"".join(sorted(order)) for order in orders} == {"012"}
    fixed = buckets(corpus, shuffle=True, bucketing_strategy="fixed_order")
    assert ["".join(sorted(batch)) for batch in epoch(fixed)] == ["adgj", "behk", "cfil"]


@pytest.mark.parametrize(
    "changes",
    [
        {"num_buckets": 3},
        {"bucket_duration_bins": [0.07, 0.09]},
        {"bucketing_batch_size": [6, 3, 2]},
        {"bucketing_batch_size": 2, "num_buckets": 2},
        {"batch_duration": 0.25},
        {"batch_duration": 0.25, "batch_size": ...},
        {"bucket_max_padding": 0.1},
    ],
    ids=str,
)
def test_recordings_of_a_plain_manifest_go_into_buckets(corpus, changes):
    made = loader(corpus, shuffle=True, **changes)
    assert isinstance(made.sampler, EpochBatches)
    batches = epoch(made)
    assert flat(batches) == ALL
    assert len(batches) == len(made)
    durations = {letter: 0.05 + 0.005 * number for number, letter in enumerate(ALL)}
    for batch in batches:
        longest = max(durations[letter] for letter in batch)
        assert "batch_duration" not in changes or len(batch) * longest <= 0.25 + 1e-9
        padding = 1 - sum(durations[letter] for letter in batch) / (len(batch) * longest)
        assert "bucket_max_padding" not in changes or padding <= 0.1


def test_sets_are_mixed_in_their_shares(corpus):
    manifests = [str(corpus / "m_0.json"), [str(corpus / "m_1.json"), str(corpus / "m_2.json")]]
    made = loader(corpus, manifest_filepath=manifests, is_concat=True, concat_sampling_temperature=1)
    assert flat(epoch(made)) == ALL
    half = loader(
        corpus,
        manifest_filepath=manifests,
        is_concat=True,
        concat_sampling_technique="random",
        concat_sampling_probabilities=[0.75, 0.25],
        concat_sampling_seed=4,
    )
    counts = Counter(letter in "adgj" for letter in flat(epoch(half)))
    assert counts == {True: 9, False: 3}


def test_tarred_sets_are_mixed_too(corpus):
    tars = [str(corpus / f"audio_{part}.tar") for part in range(3)]
    manifests = [str(corpus / f"m_{part}.json") for part in range(3)]
    made = loader(
        corpus,
        manifest_filepath=manifests,
        is_tarred=True,
        tarred_audio_filepaths=tars,
        is_concat=True,
        concat_sampling_technique="round-robin",
        shuffle=True,
    )
    batches = epoch(made)
    assert flat(batches) == ALL
    order = [letter for batch in batches for letter in batch]
    assert all({(ord(letter) - 97) % 3 for letter in order[at : at + 3]} == {0, 1, 2} for at in range(0, 12, 3))


def test_languages_are_joined(corpus):
    made = loader(
        corpus,
        manifest_filepath=[str(corpus / "m_0.json"), str(corpus / "m_1.json")],
        is_code_switched=True,
        code_switched={"min_duration": 0.2, "max_duration": 0.4, "min_monolingual": 0.0, "probs": [0.5, 0.5]},
    )
    for batch in made:
        assert all(1600 <= length <= 3200 for length in batch[1].tolist())
        assert all(len(text) >= 2 for text in letters(batch))


def test_lhotse_gives_every_recording_at_the_rate(corpus):
    made = loader(corpus, use_lhotse=True, batch_size=5, sample_rate=4000, shuffle=True, shuffle_buffer_size=4)
    batches = list(made)
    assert sorted(letter for batch in batches for letter in letters(batch)) == ALL
    lengths = {
        text: length for batch in batches for text, length in zip(letters(batch), batch[1].tolist(), strict=True)
    }
    assert lengths["a"] == 200
    assert lengths["l"] == 420


def test_lhotse_may_read_a_manifest_of_its_own(corpus):
    CutSet(LazyNeMoIterator(corpus / "m.json")).to_file(corpus / "cuts.jsonl")
    made = loader(corpus, use_lhotse=True, manifest_filepath=None, cuts_path=str(corpus / "cuts.jsonl"))
    assert flat(epoch(made)) == ALL


def test_known_keys_of_lhotse_raise_no_warning(corpus, caplog):
    loader(corpus, use_lhotse=True, batch_duration=1.0, num_buckets=2, use_bucketing=True, bucket_buffer_size=10)
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"is_tarred": True}, "tarred_audio_filepaths is not"),
        ({"is_tarred": True, "tarred_audio_filepaths": "a.tar", "manifest_filepath": ["a", "b"]}, "2 manifests and 1"),
        ({"is_concat": True}, "Expected a list of several"),
        ({"is_code_switched": True}, "the section code_switched is missing"),
        ({"bucketing_batch_size": "many"}, "bucketing_batch_size is 'many'"),
        ({"bucketing_batch_size": [4, 0]}, "Expected a whole number above 0, or 2 of them"),
        ({"batch_size": None}, "batch_size is None"),
    ],
)
def test_what_cannot_be_is_named(corpus, changes, said):
    with pytest.raises(ConfigError, match=said):
        loader(corpus, **changes)


def test_an_unknown_key_of_code_switching_is_named(corpus):
    manifests = [str(corpus / "m_0.json"), str(corpus / "m_1.json")]
    with pytest.raises(ConfigError, match=r"code_switched: .*'loudness'"):
        loader(corpus, manifest_filepath=manifests, is_code_switched=True, code_switched={"loudness": 3})


def test_bad_lines_are_left_out_on_request(corpus, caplog):
    with open(corpus / "m.json", "a") as file:
        file.write("\nno json\n")
    assert flat(epoch(loader(corpus, skip_bad_lines=True))) == ALL
    assert "1 faulty lines left out" in caplog.text
