"""Audio in pieces is the audio of the whole: PyTorch's models, and exported files."""

import random

import onnx
import pytest
import torch

from nemo.collections.tts.inference.onnx_vocoder import OnnxVocoder
from nemo.collections.tts.inference.streaming_vocoder import StreamingVocoder
from nemo.collections.tts.models import GriffinLimModel, HifiGanModel, UnivNetModel
from nemo.utils.exceptions import ConfigError, ShapeError
from tests.collections.tts.models.test_hifigan import CONFIG as HIFIGAN
from tests.collections.tts.models.test_univnet import CONFIG as UNIVNET
from tests.collections.tts.modules.test_receptive_field import BANDS, HIFIGANS, loud

FRAMES = 70


def hifigan(shape):
    hop = torch.tensor(shape["upsample_rates"]).prod().item()
    features = {**HIFIGAN["preprocessor"], "n_window_stride": hop, "n_fft": 1024, "n_window_size": 1024, "nfilt": BANDS}
    target = {"_target_": HIFIGAN["generator"]["_target_"]}
    model = HifiGanModel({**HIFIGAN, "preprocessor": features, "generator": {**shape, **target}})
    loud(model.generator)
    return model.eval()


@pytest.fixture(scope="module")
def small():
    """A vocoder with a short reach, in single precision."""
    return hifigan({**HIFIGANS["v3"], "upsample_rates": [4, 2], "upsample_kernel_sizes": [8, 4]}).float()


def pieces(frames, seed):
    """Sizes of pieces, some of them 0, that add up to `frames`."""
    draw, sizes = random.Random(seed), []
    while sum(sizes) < frames:
        sizes.append(min(draw.choice([0, 1, 2, 5, 13, 40]), frames - sum(sizes)))
    return sizes


@pytest.mark.parametrize("name", ["v1", "v2", "v3"])
def test_pieces_of_any_size_give_the_whole(name):
    model = hifigan(HIFIGANS[name])
    mel = torch.randn(2, BANDS, FRAMES, dtype=torch.float64)
    whole = model.convert_spectrogram_to_audio(mel)
    for seed, chunk_frames in enumerate((7, 32)):
        stream = StreamingVocoder(model, chunk_frames)
        spoken = list(stream.stream(mel.split(pieces(FRAMES, seed), dim=2)))
        torch.testing.assert_close(torch.cat(spoken, dim=1), whole, rtol=0, atol=1e-12)
    assert len(spoken) > 1


def test_a_generator_that_adds_samples_at_the_end_keeps_them():
    model = hifigan(HIFIGANS["lopsided"])
    mel = torch.randn(1, BANDS, 30, dtype=torch.float64)
    whole = model.convert_spectrogram_to_audio(mel)
    assert whole.shape[1] > 30 * model.hop_length
    spoken = torch.cat(list(StreamingVocoder(model, 4).stream(mel.split(3, dim=2))), dim=1)
    torch.testing.assert_close(spoken, whole, rtol=0, atol=1e-12)


def test_audio_comes_as_soon_as_its_context_is_there_and_the_next_spectrogram_begins_anew(small):
    stream = StreamingVocoder(small, chunk_frames=3)
    mel = torch.randn(BANDS, stream.latency_frames + 3)
    for _ in range(2):
        assert stream.feed(mel[:, : stream.latency_frames - 1]).shape == (0,)
        assert stream.feed(mel[:, stream.latency_frames - 1 : stream.latency_frames]).shape == (3 * small.hop_length,)
        assert stream.feed(mel[:, stream.latency_frames :]).shape == (3 * small.hop_length,)
        assert stream.finish().shape == (stream.context * small.hop_length,)
    assert stream.finish().shape == (0,)
    assert stream.sample_rate == 16000


def test_an_exported_file_does_the_same(small, tmp_path):
    path = tmp_path / "vocoder.onnx"
    small.export(str(path), check_trace=True)
    vocoder = OnnxVocoder(path, threads=1)
    assert (vocoder.sample_rate, vocoder.hop_length, vocoder.context_frames) == (16000, 8, small.context_frames)
    for size in ((1, BANDS, 5), (3, BANDS, FRAMES)):
        mel = torch.randn(size)
        whole = small.convert_spectrogram_to_audio(mel)
        torch.testing.assert_close(vocoder.convert_spectrogram_to_audio(mel), whole, rtol=0, atol=2e-6)
    spoken = torch.cat(list(StreamingVocoder(path, 7).stream(mel.split(pieces(FRAMES, 3), dim=2))), dim=1)
    torch.testing.assert_close(spoken, whole, rtol=0, atol=2e-6)


def test_univnet_is_the_same_too_if_it_has_the_same_noise(tmp_path):
    model = UnivNetModel(UNIVNET).eval()
    loud(model.generator).float()
    mel, noise = torch.randn(2, 16, 50), torch.randn(2, 8, 50)
    whole = model.convert_spectrogram_to_audio(mel, noise=noise)
    model.export(str(tmp_path / "univnet.onnx"), check_trace=True)
    for vocoder in (model, tmp_path / "univnet.onnx"):
        stream = StreamingVocoder(vocoder, 9)
        spoken = [stream.feed(mel[:, :, :33], noise[:, :, :33]), stream.feed(mel[:, :, 33:], noise[:, :, 33:])]
        torch.testing.assert_close(torch.cat([*spoken, stream.finish()], dim=1), whole, rtol=0, atol=2e-6)
        assert torch.cat(list(stream.stream(mel.split(20, dim=2))), dim=1).shape == whole.shape


def test_less_context_comes_sooner_and_differs(small):
    mel = torch.randn(1, BANDS, FRAMES)
    whole = small.convert_spectrogram_to_audio(mel)
    early = StreamingVocoder(small, 5, context=1)
    assert early.latency_frames == 6
    spoken = torch.cat(list(early.stream([mel])), dim=1)
    assert spoken.shape == whole.shape and not torch.allclose(spoken, whole, atol=1e-4)


def test_what_does_not_fit_is_named(small):
    stream = StreamingVocoder(small, 3)
    stream.feed(torch.zeros(2, BANDS, 4))
    with pytest.raises(ShapeError, match=r"\[1, 4, 4\].*expects .*\[2, 4, 'F'\].*finish\(\)"):
        stream.feed(torch.zeros(1, BANDS, 4))
    with pytest.raises(ShapeError, match=r"\[4, 4\]"):
        stream.feed(torch.zeros(BANDS, 4))
    with pytest.raises(ConfigError, match="chunk_frames is 0"):
        StreamingVocoder(small, 0)
    with pytest.raises(ConfigError, match="GriffinLimModel does not make audio in pieces"):
        StreamingVocoder(GriffinLimModel.__new__(GriffinLimModel))


def test_a_file_of_another_toolkit_needs_its_numbers(small, tmp_path):
    small.export(str(tmp_path / "noted.onnx"))
    file = onnx.load(str(tmp_path / "noted.onnx"))
    del file.metadata_props[:]
    onnx.save(file, str(tmp_path / "bare.onnx"))
    with pytest.raises(ConfigError, match="does not say its sample_rate, hop_length, context_frames"):
        OnnxVocoder(tmp_path / "bare.onnx")
    vocoder = OnnxVocoder(tmp_path / "bare.onnx", sample_rate=16000, hop_length=8, context_frames=9)
    assert vocoder.convert_spectrogram_to_audio(torch.zeros(1, BANDS, 4)).shape == (1, 32)
