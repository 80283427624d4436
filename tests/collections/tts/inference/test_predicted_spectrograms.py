"""Spectrograms along recordings, and a vocoder that is fine-tuned on them."""

import numpy as np
import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.common.data.manifest import read_manifest_objects
from nemo.collections.tts.data.audio_segments import VocoderDataset
from nemo.collections.tts.inference.predicted_spectrograms import predicted_spectrograms, recordings_for
from nemo.collections.tts.models import FastPitchModel, HifiGanModel, MixerTTSModel, Tacotron2Model
from nemo.utils.exceptions import ConfigError
from tests.collections.tts.data.voices import SAMPLE_RATE, write_voice
from tests.collections.tts.models.test_fastpitch import CONFIG as FASTPITCH
from tests.collections.tts.models.test_fastpitch_voices import HEARING
from tests.collections.tts.models.test_hifigan import CONFIG as HIFIGAN
from tests.collections.tts.models.test_mixer_tts import CONFIG as MIXER
from tests.collections.tts.models.test_tacotron2 import CONFIG as TACOTRON2
from tests.scripts.running import load_script

HOP, BANDS = 128, 8
SCRIPT = "dataset_processing/tts/generate_mels.py"


def frames_of(recordings, index):
    return recordings.audio(index).shape[0] // HOP


def test_durations_are_those_of_the_recordings(tmp_path):
    torch.manual_seed(0)
    model = FastPitchModel(FASTPITCH).eval()
    recordings = recordings_for(model, write_voice(tmp_path))
    for index, mel in enumerate(predicted_spectrograms(model, recordings)):
        sample = recordings[index]
        audio, length = sample["audio"][None], torch.tensor([len(sample["audio"])])
        recorded, frames = model.preprocessor(input_signal=audio, length=length)
        assert mel.shape == recorded[0].shape
        with torch.no_grad():
            aligned = model(
                text=sample["text"][None],
                spec=recorded,
                attn_prior=sample["align_prior_matrix"][None, : int(frames)],
                mel_lens=frames,
                input_lens=torch.tensor([len(sample["text"])]),
            )
            expected = model(text=sample["text"][None], durs=aligned.attn_hard_dur).spect[0]
        torch.testing.assert_close(mel, expected)


def test_a_model_that_did_not_learn_alignments_takes_given_durations(tmp_path):
    model = FastPitchModel({**FASTPITCH, "learn_alignment": False}).eval()
    manifest = write_voice(tmp_path, ["ab"])
    with pytest.raises(ConfigError, match="learn_alignment: false.*no durations are given"):
        recordings_for(model, manifest)
    tokens = model.parse("ab").shape[1]
    frames = 4 * 960 // HOP + 1
    durations = np.full(tokens, frames // tokens)
    durations[-1] += frames - durations.sum()
    np.savez(tmp_path / "durations.npz", **{"0": durations})
    recordings = recordings_for(model, manifest, str(tmp_path / "durations.npz"))
    (mel,) = predicted_spectrograms(model, recordings)
    with torch.no_grad():
        expected = model(text=model.parse("ab"), durs=torch.from_numpy(durations)[None]).spect[0]
    torch.testing.assert_close(mel, expected)


@pytest.mark.parametrize(
    ("kind", "config"), [(MixerTTSModel, MIXER), (Tacotron2Model, TACOTRON2), (FastPitchModel, HEARING)]
)
def test_other_models_follow_recordings_too(tmp_path, kind, config):
    torch.manual_seed(0)
    model = kind(config).eval()
    recordings = recordings_for(model, write_voice(tmp_path, ["abab", "b"], speaker=[0, 1]))
    for index, mel in enumerate(predicted_spectrograms(model, recordings)):
        assert mel.shape[0] == BANDS
        assert 0 <= mel.shape[1] - frames_of(recordings, index) <= 1
        assert torch.isfinite(mel).all()


def test_vocoders_cannot_follow():
    with pytest.raises(ConfigError, match="HifiGanModel cannot follow.*FastPitchModel, MixerTTSModel, Tacotron2Model"):
        recordings_for(HifiGanModel(HIFIGAN), "unread.json")


def test_a_vocoder_is_fine_tuned_on_what_the_script_writes(tmp_path, capsys):
    torch.manual_seed(0)
    (tmp_path / "voice").mkdir()
    manifest = write_voice(tmp_path / "voice")
    FastPitchModel(FASTPITCH).save_to(str(tmp_path / "voice.nemo"))
    folder = tmp_path / "predicted"
    script = load_script(SCRIPT)
    options = ["--input-json-manifests", manifest, "--output-json-manifest-root", str(folder), "--cpu"]
    assert script.main(["--fastpitch-model-ckpt", str(tmp_path / "voice.nemo"), *options]) == 0
    assert capsys.readouterr().out == f"{folder / 'manifest_mel.json'}\n"
    lines = read_manifest_objects(folder / "manifest_mel.json")
    assert [line["text"] for line in lines] == [line["text"] for line in read_manifest_objects(manifest)]

    features = {**HIFIGAN["preprocessor"], "sample_rate": SAMPLE_RATE, "n_window_stride": HOP, "nfilt": BANDS}
    generator = {**HIFIGAN["generator"], "upsample_rates": [16, 8], "upsample_kernel_sizes": [32, 16]}
    vocoder = HifiGanModel(
        {**HIFIGAN, "preprocessor": features, "generator": {**generator, "initial_input_size": BANDS}}
    )
    pieces = VocoderDataset(
        str(folder / "manifest_mel.json"), SAMPLE_RATE, n_segments=8 * HOP, load_precomputed_mel=True, hop_length=HOP
    )
    audio, _, mel = pieces[0]
    assert (audio.shape, mel.shape) == ((8 * HOP,), (BANDS, 8))
    loader = torch.utils.data.DataLoader(pieces, batch_size=4, collate_fn=pieces.collate_fn)
    batch = next(iter(loader))

    @torch.no_grad()
    def distance():
        _, mel, target = vocoder._spectrograms(batch)
        assert mel is batch[2]
        return float((vocoder._target_spectrogram(vocoder(spec=mel).squeeze(1)) - target).abs().mean())

    before = distance()
    trainer = Trainer(
        max_steps=24, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    vocoder.set_trainer(trainer)
    trainer.fit(vocoder, loader)
    assert distance() < 0.95 * before

    assert (
        script.main(["--model", str(tmp_path / "voice.nemo"), *options[2:], "--input-json-manifests", "no.json"]) == 1
    )
    assert "no.json" in capsys.readouterr().err
