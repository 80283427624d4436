import json
import tarfile

import torch

from nemo.collections.asr.data.prompted_audio_to_text import (
    PromptedAudioToTextDataset,
    TarredPromptedAudioToTextDataset,
)
from nemo.collections.common.tokenizers.from_config import build_tokenizer
from tests.collections.asr.models import tiny, tiny_attention


def test_tarred_samples_are_the_plain_ones(tmp_path):
    tokenizer = build_tokenizer(tiny_attention.canary_tokenizers(tmp_path / "tokenizers")).tokenizer
    manifest = tiny_attention.recordings(tmp_path)
    plain = PromptedAudioToTextDataset(manifest, tokenizer, tiny.SAMPLE_RATE, return_sample_id=True)
    with open(manifest, encoding="utf-8") as lines, tarfile.open(tmp_path / "audio_0.tar", "w") as tar:
        for line in lines:
            path = json.loads(line)["audio_filepath"]
            tar.add(path, path.rpartition("/")[2])
    tarred = TarredPromptedAudioToTextDataset(
        str(tmp_path / "audio_0.tar"), manifest, tokenizer, tiny.SAMPLE_RATE, return_sample_id=True
    )
    found = plain.collate_fn(list(tarred))
    expected = plain.collate_fn([plain[index] for index in range(4)])
    assert len(found) == 7 and all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    assert list(plain.output_types)[4:] == ["prompt", "prompt_length", "sample_id"]


def test_the_number_of_recordings_can_be_limited(tmp_path):
    tokenizer = build_tokenizer(tiny_attention.canary_tokenizers(tmp_path / "tokenizers")).tokenizer
    manifest = tiny_attention.recordings(tmp_path)
    # the first is too short for min_duration; prompts stay with their recordings
    dataset = PromptedAudioToTextDataset(manifest, tokenizer, tiny.SAMPLE_RATE, min_duration=0.35, max_utts=3)
    lengths = [int(dataset[index][5]) for index in range(len(dataset))]
    assert lengths == [5, 5, 1]
