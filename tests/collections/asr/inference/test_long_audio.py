import numpy as np
import pytest
import torch

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.inference import long_audio, memory_limit
from nemo.collections.asr.inference.long_audio import LongAudio
from nemo.collections.asr.models import EncDecCTCModel
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny

CONFORMER = {
    "_target_": f"{tiny.MODULES}.ConformerEncoder",
    "feat_in": 16, "n_layers": 2, "d_model": 16, "n_heads": 2, "subsampling": "dw_striding", "subsampling_factor": 4,
    "subsampling_conv_channels": 8, "conv_kernel_size": 5,
}  # fmt: skip
STREAMING = {
    "att_context_size": [8, 3], "att_context_style": "chunked_limited", "conv_context_size": "causal",
    "causal_downsampling": True,
}  # fmt: skip


def conformer_model(version="3.0.0", **options):
    torch.manual_seed(0)
    decoder = {**tiny.config()["decoder"], "feat_in": 16}
    return EncDecCTCModel(cfg=tiny.config(nemo_version=version, encoder={**CONFORMER, **options}, decoder=decoder))


def convolutional_model(version="3.0.0"):
    torch.manual_seed(0)
    return EncDecCTCModel(cfg=tiny.config(nemo_version=version))


LIMITED = {
    "convolutions": convolutional_model,
    "convolutions of 1.23": lambda: convolutional_model("1.23.0"),
    "regular": lambda: conformer_model(att_context_size=[6, 3]),
    "regular of 1.23": lambda: conformer_model("1.23.0", att_context_size=[6, 3]),
    "blocks": lambda: conformer_model(**STREAMING),
    "local": lambda: conformer_model(self_attention_model="rel_pos_local_attn", att_context_size=[8, 8]),
    "vggnet": lambda: conformer_model(subsampling="vggnet", att_context_size=[6, 3]),
    "stacking": lambda: conformer_model(subsampling="stacking", att_context_size=[6, 3]),
}


def syllables(seconds, seed=0):
    """Noise whose loudness changes ten times a second."""
    generator = np.random.default_rng(seed)
    samples = generator.standard_normal(round(seconds * tiny.SAMPLE_RATE))
    loudness = np.repeat(generator.random(len(samples) // 1600 + 1), 1600)[: len(samples)]
    return (0.1 * samples * loudness).astype(np.float32)


@pytest.mark.parametrize("kind", LIMITED)
def test_chunks_equal_one_piece_where_the_context_is_limited(kind):
    model = LIMITED[kind]()
    for seconds in (8.0, 8.043):
        audio = syllables(seconds)
        (at_once,) = model.transcribe(audio, return_hypotheses=True, timestamps=True, verbose=False)
        for max_seconds in (3.0, 4.3):
            (joined,) = model.transcribe(
                audio, return_hypotheses=True, timestamps=True, verbose=False, max_seconds=max_seconds
            )
            assert (joined.text, joined.timestamp) == (at_once.text, at_once.timestamp)
            assert joined.length == at_once.length
            # sums in another order differ in the last bits
            torch.testing.assert_close(joined.alignments[0], at_once.alignments[0], atol=1e-5, rtol=0)


def test_attention_over_everything_differs_by_what_lies_beyond_the_chunk():
    model = conformer_model()
    audio = syllables(20.0)
    (at_once,) = model.transcribe(audio, logprobs=True, verbose=False)
    (joined,) = model.transcribe(audio, logprobs=True, verbose=False, max_seconds=10.0)
    assert joined.shape == at_once.shape
    # random weights attend everywhere alike, which no trained model does; nine frames in ten are nevertheless the same
    assert (joined.argmax(1) == at_once.argmax(1)).mean() > 0.9
    assert 1e-4 < np.abs(joined - at_once).max() < 0.3


def test_local_attention_makes_chunks_of_a_conformer_exact_and_stays_in_archives(tmp_path):
    model = conformer_model()
    model.change_attention_model("rel_pos_local_attn", [8, 8])
    audio = syllables(8.0)
    (at_once,) = model.transcribe(audio, logprobs=True, verbose=False)
    (joined,) = model.transcribe(audio, logprobs=True, verbose=False, max_seconds=4.0)
    assert np.abs(joined - at_once).max() < 1e-5
    model.save_to(tmp_path / "local.nemo")
    restored = EncDecCTCModel.restore_from(tmp_path / "local.nemo")
    assert restored.encoder.self_attention_model == "rel_pos_local_attn"
    assert np.array_equal(restored.transcribe(audio, logprobs=True, verbose=False)[0], at_once)


def test_an_encoder_without_attention_says_so():
    with pytest.raises(ConfigError, match="ConvASREncoder has no change_attention_model"):
        convolutional_model().change_attention_model("rel_pos_local_attn", [8, 8])


def test_long_and_short_ones_of_a_list_keep_their_order_and_a_loader_is_cut_too(tmp_path):
    model = convolutional_model()
    lengths = (0.5, 4.0, 0.7, 3.0, 1.0)
    audio = [syllables(seconds, seed) for seed, seconds in enumerate(lengths)]
    expected = [str(model.transcribe(each, verbose=False)[0]) for each in audio]
    assert [str(each) for each in model.transcribe(audio, verbose=False, max_seconds=2.0, batch_size=3)] == expected
    _, manifest = tiny.recordings(tmp_path)
    model.setup_test_data(tiny.dataset(manifest, shuffle=False))
    loader = model.test_dataloader()
    at_once, cut = (model.transcribe(loader, verbose=False, max_seconds=limit) for limit in (None, 0.4))
    assert at_once == cut


@pytest.mark.parametrize("batch_size", [1, 2, 7])
def test_chunks_computed_together_give_the_same(batch_size):
    model = convolutional_model()
    audio = syllables(7.0)
    expected = model.transcribe(audio, verbose=False)
    assert model.transcribe(audio, verbose=False, max_seconds=1.0, batch_size=batch_size) == expected


def test_times_of_a_long_recording_go_on_to_its_end():
    model = convolutional_model()
    (hypothesis,) = model.transcribe(syllables(9.3), timestamps=True, verbose=False, max_seconds=2.0)
    ends = [entry["end"] for entry in hypothesis.timestamp["char"]]
    assert ends == sorted(ends) and 9.0 < ends[-1] <= 9.3


def test_frames_that_the_encoder_joins_count_in_times_and_chunks():
    model = conformer_model(reduction="pooling", reduction_position=1, reduction_factor=2)
    assert model.frame_seconds == 0.08
    audio = syllables(8.0)
    (at_once,) = model.transcribe(audio, timestamps=True, verbose=False)
    assert 7.5 < at_once.timestamp["char"][-1]["end"] <= 8.0
    (joined,) = model.transcribe(audio, logprobs=True, verbose=False, max_seconds=4.0)
    assert len(joined) == at_once.length


def test_impossible_lengths_are_refused():
    model = convolutional_model()
    with pytest.raises(ConfigError, match="max_seconds is 0"):
        model.transcribe([], max_seconds=0)
    with pytest.raises(ConfigError, match=r"overlap_seconds is 3.*less than the chunks' 2"):
        model.transcribe([], max_seconds=2, overlap_seconds=3)


def test_overlap_that_is_asked_for_is_taken():
    model = conformer_model()
    sizes = LongAudio(model, max_seconds=10.0, overlap_seconds=3.0).chunk_size
    assert (sizes.size, sizes.overlap, sizes.left_share) == (1000, 300, 0.5)


# ------------------------------------------------------------------------------------------------- limits from memory


def test_the_limit_is_where_the_estimate_meets_the_budget(monkeypatch):
    model = conformer_model().eval()
    monkeypatch.setattr(memory_limit, "CPU_BUDGET", 2 * 2 * 4 * 2500**2)  # two copies of the scores of two heads
    # 2500 encoder frames of 40 ms
    assert LongAudio(model).limit_seconds == pytest.approx(100.0, rel=0.01)
    monkeypatch.setattr(memory_limit, "CPU_BUDGET", 1)
    assert LongAudio(model).limit_seconds == long_audio.ALWAYS_AT_ONCE_SECONDS


def test_chunks_are_of_the_length_that_models_are_trained_on_and_of_the_limit_where_cuts_do_not_matter():
    sizes = LongAudio(conformer_model().eval()).chunk_size
    assert (sizes.size, sizes.overlap) == (4000, 800)
    exact = LongAudio(convolutional_model().eval())
    assert exact.chunk_size.size == pytest.approx(exact.limit_seconds * 100, abs=2)


def test_no_batch_of_minutes_is_larger_than_the_budget(monkeypatch):
    model = conformer_model().eval()
    monkeypatch.setattr(memory_limit, "CPU_BUDGET", 2 * 2 * 4 * 2500**2)
    limits = LongAudio(model, batch_size=4)
    rate = tiny.SAMPLE_RATE
    assert limits.most_together(30 * rate) == 4  # as asked for: nobody measures short ones
    assert limits.most_together(70 * rate) == 2
    assert limits.most_together(99 * rate) == 1
    assert [limits.is_long(seconds * rate) for seconds in (60, 99, 102)] == [False, False, True]


def test_short_recordings_cost_no_measurement(monkeypatch):
    monkeypatch.setattr(long_audio, "encoder_memory", None)
    assert len(convolutional_model().transcribe([syllables(0.3)], verbose=False)) == 1


# ------------------------------------------------------------------------------------------------- chunks of audio


class WordModel(torch.nn.Module):
    """Hears one token a second: the amplitude of its first sample. It has no frames to search over."""

    sample_rate, frame_seconds, device = 100, 0.1, torch.device("cpu")
    preprocessor = None

    def decoding_for(self, *, timestamps, keep_log_probs):
        return self

    def decode_tokens_to_str(self, tokens):
        return " ".join(map(str, tokens))

    def transcribe_batch(self, signals, lengths, decoding):
        rows = [signal[:length][50::100].int().tolist() for signal, length in zip(signals, lengths, strict=True)]
        return [Hypothesis(score=-1.0, y_sequence=torch.tensor(row), text=str(row), length=len(row)) for row in rows]


def test_a_model_without_frames_gets_chunks_of_audio_whose_tokens_are_joined():
    model = WordModel()
    model.encoder = type("Encoder", (), {"subsampling_factor": 1})()
    tokens = torch.randperm(90, generator=torch.Generator().manual_seed(1))
    audio = tokens.float().repeat_interleave(100)
    limits = LongAudio(model, max_seconds=20.0, overlap_seconds=5.0)
    hypothesis = limits.transcribe(audio, model)
    assert hypothesis.y_sequence.tolist() == tokens.tolist()
    assert str(hypothesis) == " ".join(map(str, tokens.tolist()))
