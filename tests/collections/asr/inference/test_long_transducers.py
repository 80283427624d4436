"""Transducers and hybrids: chunked recordings, times, files, as for CTC."""

import pytest
import torch

from nemo.collections.asr.inference.forced_aligner import ForcedAligner
from nemo.collections.asr.inference.segments import segments_of
from nemo.collections.asr.inference.transcribe_config import TranscribeConfig
from nemo.collections.asr.models import EncDecHybridRNNTCTCModel, EncDecRNNTModel
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.inference.test_long_audio import syllables
from tests.collections.asr.models import tiny, tiny_rnnt

MODELS = {
    "rnnt": lambda: EncDecRNNTModel(cfg=tiny_rnnt.config()),
    "tdt": lambda: EncDecRNNTModel(cfg=tiny_rnnt.config("tdt")),
    "multiblank": lambda: EncDecRNNTModel(cfg=tiny_rnnt.config("multiblank")),
    "stateless": lambda: EncDecRNNTModel(cfg=tiny_rnnt.config(stateless=True)),
    "hybrid": lambda: EncDecHybridRNNTCTCModel(cfg=tiny_rnnt.hybrid()),
}


def make(kind):
    torch.manual_seed(3)
    return MODELS[kind]().eval()


@pytest.mark.parametrize("kind", MODELS)
def test_states_go_on_over_chunks_so_that_nothing_changes(kind):
    model = make(kind)
    audio = syllables(3.0)
    (at_once,) = model.transcribe(audio, timestamps=True, verbose=False)
    assert at_once
    (joined,) = model.transcribe(audio, timestamps=True, verbose=False, max_seconds=0.9)
    assert (joined.text, joined.timestamp) == (at_once.text, at_once.timestamp)
    assert joined.score == pytest.approx(at_once.score, abs=1e-2)


@pytest.mark.parametrize("kind", MODELS)
def test_words_are_those_of_the_text_and_rise_within_the_recording(kind):
    model = make(kind)
    for seconds in (0.31, 1.7):
        audio = syllables(seconds, seed=1)
        (hypothesis,) = model.transcribe(audio, timestamps=True, verbose=False)
        stamps = hypothesis.timestamp
        assert [entry["word"] for entry in stamps["word"]] == hypothesis.words
        assert "".join(entry["char"] for entry in stamps["char"]) == hypothesis.text
        for kind_of_entry in ("char", "word", "segment"):
            # several tokens of one frame begin and end with it
            starts, ends = ([entry[side] for entry in stamps[kind_of_entry]] for side in ("start", "end"))
            assert starts == sorted(starts) and ends == sorted(ends)
            assert all(0 <= start <= end <= seconds for start, end in zip(starts, ends, strict=True))
        words = [word.text for segment in segments_of(hypothesis) for word in segment.words]
        assert words == hypothesis.words


def test_a_hybrid_aligns_with_its_ctc_decoder_and_says_so_otherwise():
    model = make("hybrid")
    quiet = TranscribeConfig(verbose=False)
    with pytest.raises(ConfigError, match='decoder_type="ctc"'):
        ForcedAligner(model, quiet).align(tiny.signal(0.9), ["ab ca"])
    model.change_decoding_strategy(decoder_type="ctc")
    (aligned,) = ForcedAligner(model, quiet).align(tiny.signal(0.9), ["ab ca"])
    assert [word["word"] for word in aligned.timestamp["word"]] == ["ab", "ca"]
