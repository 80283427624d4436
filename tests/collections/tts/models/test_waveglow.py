"""WaveGlow: its likelihood rises, its archives, its denoiser, its exported file."""

import onnxruntime
import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.tts.models import WaveGlowModel
from nemo.utils.exceptions import ConfigError
from tests.collections.tts.models.test_hifigan import PREPROCESSOR

CONFIG = {
    "preprocessor": {**PREPROCESSOR, "n_window_size": 512, "n_window_stride": 256, "n_fft": 512},
    "waveglow": {
        "_target_": "nemo.collections.tts.modules.waveglow.WaveGlowModule",
        "n_mel_channels": 16,
        "n_flows": 3,
        "n_group": 8,
        "n_early_every": 2,
        "n_early_size": 2,
        "n_wn_channels": 8,
        "n_wn_layers": 2,
        "wn_kernel_size": 3,
    },
    "sigma": 0.7,
    "optim": {"name": "adam", "lr": 0.003},
}


def test_audio_gets_more_likely_and_the_archive_makes_the_same(tmp_path):
    torch.manual_seed(0)
    model = WaveGlowModel(CONFIG)
    time = torch.arange(2050) / 16000
    batch = (0.5 * torch.sin(2 * torch.pi * torch.tensor([[200.0], [300.0]]) * time), torch.tensor([2050, 2050]))
    model.set_trainer(
        Trainer(max_steps=25, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False)
    )
    before = float(model._loss(batch).detach())
    model.trainer.fit(model, torch.utils.data.DataLoader([batch] * 25, batch_size=None))
    assert float(model._loss(batch).detach()) < before - 0.5

    model.eval().save_to(str(tmp_path / "vocoder.nemo"))
    restored = WaveGlowModel.restore_from(str(tmp_path / "vocoder.nemo")).eval()
    mel, spoken = torch.randn(2, 16, 5), []
    for each in (model, restored):
        torch.manual_seed(1)
        spoken.append(each.convert_spectrogram_to_audio(spec=mel, sigma=0.6, denoise=True))
    assert spoken[0].shape == (2, 5 * 256)
    assert torch.equal(*spoken)


@torch.no_grad()
def test_the_denoiser_takes_away_what_the_vocoder_makes_of_silence():
    torch.manual_seed(0)
    model = WaveGlowModel(CONFIG).eval()
    for network in model.waveglow.wavenet:
        torch.nn.init.normal_(network.end.bias, std=0.3)  # a constant sound
    own_sound = model(spec=torch.zeros(1, 16, 20), sigma=0.0)
    assert model.denoise(own_sound, strength=1.0).abs().mean() < 0.2 * own_sound.abs().mean()
    torch.testing.assert_close(model.denoise(own_sound, strength=0.0), own_sound, atol=1e-5, rtol=0)


def test_another_hop_is_refused():
    with pytest.raises(ConfigError, match="n_window_stride is 64, and WaveGlow makes 256"):
        WaveGlowModel({**CONFIG, "preprocessor": PREPROCESSOR})


@torch.no_grad()
def test_the_exported_file_makes_the_same_audio_of_the_same_noise(tmp_path):
    torch.manual_seed(0)
    model = WaveGlowModel(CONFIG).eval()
    for network in model.waveglow.wavenet:  # at the beginning every flow is the identity
        torch.nn.init.normal_(network.end.weight, std=0.1)
    model.export(str(tmp_path / "vocoder.onnx"))
    session = onnxruntime.InferenceSession(tmp_path / "vocoder.onnx", providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == {"sample_rate": "16000", "hop_length": "256", "n_group": "8"}
    for batch, frames in ((1, 3), (3, 21)):
        recording = 0.1 * torch.randn(batch, frames * 256)
        spec, _ = model.audio_to_melspec_precessor(recording, torch.full((batch,), frames * 256))
        z, *_ = model(spec=spec, audio=recording)
        (audio,) = session.run(["audio"], {"spec": spec.numpy(), "z": z.numpy()})
        expected = model.waveglow.norm_dist_to_audio(spec, z)
        torch.testing.assert_close(torch.from_numpy(audio), expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(expected, recording, rtol=1e-3, atol=1e-4)
