"""Recordings in tar files, with the texts of a manifest."""

import json
from collections import Counter

import pytest
import torch
from torch.utils.data import DataLoader

from nemo.collections.asr.data.audio_to_text import (
    AudioToBPEDataset,
    AudioToCharDataset,
    TarredAudioToBPEDataset,
    TarredAudioToCharDataset,
)
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.common.tokenizers import SentencePieceTokenizer
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.data.corpus import LABELS, RATE, letters, write_corpus
from tests.conftest import REPOSITORY


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path)


def tarred(corpus, manifest="m.json", tars="audio__OP_0..2_CL_.tar", **options):
    return TarredAudioToCharDataset(str(corpus / tars), str(corpus / manifest), LABELS, RATE, **options)


def test_samples_are_those_of_the_files(corpus):
    files = AudioToCharDataset(str(corpus / "m.json"), LABELS, RATE)
    packed = {int(sample[2][0]): sample for sample in tarred(corpus)}
    assert len(tarred(corpus)) == len(packed) == 12
    for number in range(12):
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(packed[number], files[number], strict=True))


def test_a_tokenizer_takes_the_place_of_labels(corpus):
    tokenizer = SentencePieceTokenizer(REPOSITORY / "tests/data/tokenizers/bpe64/tokenizer.model")
    arguments = (str(corpus / "m.json"), tokenizer, RATE)
    files = AudioToBPEDataset(*arguments)
    packed = TarredAudioToBPEDataset(str(corpus / "audio_{0..2}.tar"), *arguments, return_sample_id=True)
    for *sample, number in packed:
        assert torch.equal(sample[2], files[int(number)][2])


@pytest.mark.parametrize("strategy", ["scatter", "replicate"])
@pytest.mark.parametrize("world_size", [1, 2, 3])
@pytest.mark.parametrize("shuffle_n", [0, 4])
def test_each_sample_is_of_one_process(corpus, strategy, world_size, shuffle_n):
    seen = Counter()
    for rank in range(world_size):
        torch.manual_seed(5)
        dataset = tarred(corpus, shard_strategy=strategy, shuffle_n=shuffle_n, global_rank=rank, world_size=world_size)
        own = [int(sample[2][0]) for sample in dataset]
        assert len(own) == len(dataset)
        seen.update(own)
    assert seen == Counter(range(12))


def test_any_loader_can_iterate_with_workers(corpus):
    dataset = tarred(corpus, shuffle_n=4)
    loader = DataLoader(dataset, batch_size=4, num_workers=2, collate_fn=dataset.collate_fn)
    assert Counter(letter for batch in loader for letter in letters(batch)) == Counter(LABELS[:12])


def test_parts_of_a_member_are_samples_of_their_own(corpus):
    lines = [
        {"audio_filepath": "3.wav", "offset": 0.01, "duration": 0.02, "text": "a"},
        {"audio_filepath": "3.wav", "offset": 0.03, "duration": 0.02, "text": "b"},
    ]
    (corpus / "parts.json").write_text("\n".join(map(json.dumps, lines)))
    samples = list(tarred(corpus, "parts.json"))
    assert [len(sample[0]) for sample in samples] == [160, 160]
    assert [int(sample[2][0]) for sample in samples] == [0, 1]


def test_manifests_may_be_one_for_each_tar_file(corpus):
    dataset = tarred(corpus, "m__OP_0..2_CL_.json", shard_manifests=True)
    assert Counter(int(sample[2][0]) for sample in dataset) == Counter(range(12))


def test_members_without_a_line_are_passed_over_and_lines_without_a_member_counted(corpus, caplog):
    assert len(list(tarred(corpus, "m_1.json"))) == 4
    assert len(list(tarred(corpus, tars="audio_{0..1}.tar"))) == 8
    assert len(tarred(corpus, tars="audio_{0..1}.tar")) == 8
    assert "4 recordings of the manifest are in none of the tar files" in caplog.text
    with pytest.raises(ManifestError, match="None of the 4 recordings of the manifest is in the tar files"):
        len(tarred(corpus, "m_1.json", "audio_0.tar"))


def test_a_bad_member_is_named_left_out_or_replaced(corpus):
    content = bytearray((corpus / "audio_1.tar").read_bytes())
    content[512:516] = b"NOPE"  # of the first member, 1.wav
    (corpus / "audio_1.tar").write_bytes(content)
    with pytest.raises(AudioFileError, match=r"m\.json line 2.*audio_1\.tar/1\.wav is not audio"):
        list(tarred(corpus))
    skipping = tarred(corpus, on_bad_audio="skip")
    assert len(skipping.collate_fn(list(skipping))[0]) == 11
    replaced = Counter(int(sample[2][0]) for sample in tarred(corpus, on_bad_audio="replace"))
    assert replaced == Counter([0, *range(2, 12), 4])  # the next one in its tar file


def test_samples_are_described_by_member_and_line(corpus):
    dataset = tarred(corpus)
    key = next(dataset.keys(0, 0, 0, 1))
    assert "audio_0.tar/0.wav" in dataset.describe_sample(key)
    assert "m.json line 1" in dataset.describe_sample(key)
    assert dataset.get_manifest_sample(2).text == "c"


def test_too_few_tar_files_for_the_processes_are_named(corpus):
    with pytest.raises(ConfigError, match="3 tar files cannot be scattered over 4 processes"):
        len(tarred(corpus, world_size=4))
