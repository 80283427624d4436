import random

import numpy as np
import pytest
import soundfile
import torch

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.inference.transcribe import Transcriber, inference_state
from nemo.collections.asr.inference.transcribe_config import TranscribeConfig
from nemo.collections.asr.models import EncDecCTCModel
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny


@pytest.fixture
def model():
    return EncDecCTCModel(cfg=tiny.config(nemo_version="3.0.0"))


def texts(model, audio, **more):
    return [str(hypothesis) for hypothesis in model.transcribe(audio, verbose=False, **more)]


def test_order_of_the_input_is_kept_whatever_the_batches(model, tmp_path):
    paths, _ = tiny.recordings(tmp_path, seconds=(0.2, 0.9, 0.4, 0.6, 0.3), texts="abcab")
    alone = [texts(model, [path])[0] for path in paths]
    assert len(set(alone)) > 1
    for batch_size in (1, 2, 3, 8):
        assert texts(model, paths, batch_size=batch_size) == alone


def test_paths_arrays_tensors_and_manifests_give_the_same(model, tmp_path):
    paths, manifest = tiny.recordings(tmp_path)
    arrays = [soundfile.read(path, dtype="float32")[0] for path in paths]
    expected = texts(model, paths)
    assert texts(model, arrays) == expected
    assert texts(model, [torch.from_numpy(array) for array in arrays]) == expected
    assert texts(model, [(array * 32768).astype(np.int16) for array in arrays]) == expected
    assert texts(model, manifest) == expected
    assert texts(model, paths[0]) == expected[:1]
    assert texts(model, arrays[0]) == expected[:1]
    assert texts(model, None, paths2audio_files=paths) == expected


def test_a_data_loader_is_taken_in_its_order(model, tmp_path):
    paths, manifest = tiny.recordings(tmp_path)
    model.setup_test_data(tiny.dataset(manifest, shuffle=False))
    assert texts(model, model.test_dataloader()) == texts(model, paths)


def test_manifest_parts_are_transcribed_as_parts(model, tmp_path):
    samples = tiny.signal(1.0)
    samples[8000:] = tiny.signal(0.5, 700.0)
    soundfile.write(tmp_path / "whole.wav", samples, tiny.SAMPLE_RATE, subtype="FLOAT")
    manifest = tmp_path / "parts.json"
    manifest.write_text('{"audio_filepath": "whole.wav", "offset": 0.5, "duration": 0.3}\n')
    assert texts(model, str(manifest)) == texts(model, samples[8000:12800])


def test_files_of_another_rate_are_resampled(model, tmp_path):
    path = tmp_path / "slow.wav"
    soundfile.write(path, tiny.signal(0.5)[::2], tiny.SAMPLE_RATE // 2)
    (hypothesis,) = model.transcribe(str(path), verbose=False)
    assert hypothesis.length == 25  # 50 feature frames, halved


def test_the_result_is_always_a_hypothesis_that_is_a_string(model):
    for options in ({}, {"return_hypotheses": True}, {"timestamps": True}):
        (result,) = model.transcribe(tiny.signal(0.3), verbose=False, **options)
        assert type(result) is Hypothesis
        assert isinstance(result, str)


def test_return_hypotheses_keeps_log_probs_of_every_frame(model):
    (hypothesis,) = model.transcribe(tiny.signal(0.3), return_hypotheses=True, verbose=False)
    log_probs, labels = hypothesis.alignments
    assert log_probs.shape == (hypothesis.length, len(tiny.LABELS) + 1)
    assert torch.equal(log_probs.argmax(-1), labels)
    assert model.transcribe(tiny.signal(0.3), verbose=False)[0].alignments is None


def test_logprobs_gives_arrays(model):
    arrays = model.transcribe([tiny.signal(0.3), tiny.signal(0.5)], logprobs=True, verbose=False)
    assert [array.shape for array in arrays] == [(15, 5), (25, 5)]
    assert np.allclose(np.exp(arrays[1]).sum(-1), 1.0, atol=1e-5)
    with pytest.raises(ConfigError, match="one of the two"):
        model.transcribe(tiny.signal(0.3), logprobs=True, return_hypotheses=True)


def test_timestamps_are_frames_and_seconds_within_the_recording(model):
    audio = [tiny.signal(length, 300.0) for length in (0.31, 0.77)]
    for samples, hypothesis in zip(audio, model.transcribe(audio, timestamps=True, verbose=False), strict=True):
        stamps = hypothesis.timestamp
        assert [entry["word"] for entry in stamps["word"]] == hypothesis.words
        assert "".join(entry["char"] for entry in stamps["char"]) == hypothesis.text
        for kind in ("char", "word", "segment"):
            ends = [0.0]
            for entry in stamps[kind]:
                # a frame is 2 x 10 ms
                assert entry["start"] == pytest.approx(entry["start_offset"] * 0.02)
                assert ends[-1] <= entry["start"] < entry["end"] <= len(samples) / tiny.SAMPLE_RATE
                ends.append(entry["end"])
    assert model.decoding.compute_timestamps is False


def test_a_bad_file_is_reported_and_the_others_are_done(model, tmp_path, caplog):
    paths, _ = tiny.recordings(tmp_path)
    noise, empty = tmp_path / "noise.wav", tmp_path / "empty.wav"
    noise.write_bytes(b"no audio at all")
    empty.write_bytes(b"")
    bad = [str(tmp_path / "missing.wav"), str(noise), str(empty), np.zeros(0, np.float32), np.full(9, np.nan, "f4")]
    with caplog.at_level("ERROR", logger="nemo"):
        results = model.transcribe([paths[0], *bad, paths[1]], batch_size=2, verbose=False)
    assert [result.error is None for result in results] == [True, *[False] * 5, True]
    assert [str(results[0]), str(results[-1])] == texts(model, paths[:2])
    assert all(result == "" for result in results[1:-1])
    assert "missing.wav" in results[1].error
    assert "audio[4]" in results[4].error
    assert caplog.records[-1].getMessage().startswith("5 of 7 recordings were not transcribed")


def test_only_bad_files_give_only_errors(model, tmp_path):
    assert [result.error is None for result in model.transcribe([str(tmp_path / "a.wav")], verbose=False)] == [False]
    assert model.transcribe([str(tmp_path / "a.wav")], logprobs=True, verbose=False)[0].shape == (0, 0)


def test_nothing_gives_nothing(model):
    assert model.transcribe([], verbose=False) == []


def test_several_channels_need_a_choice(model):
    stereo = np.stack((tiny.signal(0.3), tiny.signal(0.3, 500.0)), axis=1)
    (refused,) = model.transcribe(stereo, verbose=False)
    assert "2 channels" in refused.error
    assert "channel_selector" in refused.error
    assert texts(model, stereo, channel_selector=1) == texts(model, stereo[:, 1])
    assert texts(model, stereo, channel_selector="average") == texts(model, stereo.mean(axis=1))


def test_what_is_no_audio_is_an_error(model):
    with pytest.raises(ConfigError, match="type int"):
        model.transcribe(3)
    with pytest.raises(ConfigError, match=r"audio\[1\] of type dict"):
        model.transcribe([tiny.signal(0.1), {}])
    with pytest.raises(TypeError, match="got 0 of audio and paths2audio_files"):
        model.transcribe()
    with pytest.raises(ConfigError, match="batch_size is 0"):
        model.transcribe([], batch_size=0)


def test_the_model_is_afterwards_as_it_was(model):
    model.train()
    model.encoder.eval()
    featurizer = model.preprocessor.featurizer
    featurizer.dither, featurizer.pad_to = 0.5, 8
    torch.manual_seed(3)
    random.seed(3)
    states = torch.get_rng_state(), random.getstate()
    model.transcribe([tiny.signal(0.3)], verbose=False)
    assert (featurizer.dither, featurizer.pad_to) == (0.5, 8)
    assert model.training
    assert model.decoder.training
    assert not any(module.training for module in model.encoder.modules())
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_the_model_is_as_it_was_after_a_failure_too(model):
    def fails():
        with inference_state(model):
            assert model.preprocessor.featurizer.dither == 0
            assert not model.training
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert model.training
    assert model.preprocessor.featurizer.dither == 1e-5


def test_nothing_is_written(model, tmp_path, monkeypatch):
    paths, _ = tiny.recordings(tmp_path)
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr("tempfile.mkstemp", None)
    monkeypatch.setattr("tempfile.mkdtemp", None)
    model.transcribe(paths, verbose=False)
    assert sorted(tmp_path.iterdir()) == before


def test_progress_is_shown_only_when_asked(model, capsys):
    Transcriber(model, TranscribeConfig(verbose=False)).run([tiny.signal(0.2)])
    assert capsys.readouterr().err == ""
    Transcriber(model, TranscribeConfig(verbose=True)).run([tiny.signal(0.2)])
    assert "Transcribing" in capsys.readouterr().err


class _Louder:
    def perturb(self, segment):
        segment._samples = segment._samples * 0


def test_an_augmentor_changes_recordings_first(model):
    assert texts(model, tiny.signal(0.3), augmentor=_Louder()) == texts(model, np.zeros(4800, np.float32))
