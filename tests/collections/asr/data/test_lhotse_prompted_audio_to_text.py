import pytest
import torch

from nemo.collections.asr.data.lhotse_prompted_audio_to_text import LhotsePromptedAudioToText
from nemo.collections.asr.data.prompted_audio_to_text import PromptedAudioToTextDataset
from nemo.collections.common.data.lhotse import LazyNeMoIterator
from nemo.collections.common.exceptions import ManifestError
from nemo.collections.common.tokenizers.from_config import build_tokenizer
from tests.collections.asr.models import tiny, tiny_attention


@pytest.fixture
def tokenizer(tmp_path):
    return build_tokenizer(tiny_attention.canary_tokenizers(tmp_path / "tokenizers")).tokenizer


def test_batches_of_cuts_are_those_of_the_manifest(tokenizer, tmp_path):
    manifest = tiny_attention.recordings(tmp_path)
    plain = PromptedAudioToTextDataset(manifest, tokenizer, tiny.SAMPLE_RATE)
    expected = plain.collate_fn([plain[index] for index in range(4)])
    found = LhotsePromptedAudioToText(tokenizer, tiny.SAMPLE_RATE)[list(LazyNeMoIterator(manifest))]
    assert len(found) == 6 and all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_a_cut_that_does_not_say_what_to_do_is_named(tokenizer, tmp_path):
    manifest = tiny_attention.recordings(tmp_path, [{"text": "a", "source_lang": "en"}])
    with pytest.raises(ManifestError, match="cut 0-1 .*has no target_lang, taskname, pnc"):
        LhotsePromptedAudioToText(tokenizer)[list(LazyNeMoIterator(manifest))]
