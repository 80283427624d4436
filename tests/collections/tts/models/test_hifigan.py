"""HiFi-GAN: an archive of the original, a training that lowers the loss, saving, export."""

import numpy as np
import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.tts.models import HifiGanModel
from nemo.utils.exceptions import ConfigError
from tests.arrays import arrays_of

PREPROCESSOR = {
    "_target_": "nemo.collections.asr.parts.preprocessing.features.FilterbankFeatures",
    "sample_rate": 16000,
    "n_window_size": 256,
    "n_window_stride": 64,
    "n_fft": 256,
    "nfilt": 16,
    "highfreq": 4000,
    "normalize": None,
    "preemph": None,
    "dither": 0.0,
    "mag_power": 1.0,
    "log_zero_guard_type": "clamp",
    "log_zero_guard_value": 1e-5,
    "exact_pad": True,
    "pad_to": 0,
}
GENERATOR = {
    "_target_": "nemo.collections.tts.modules.hifigan_modules.Generator",
    "resblock": 2,
    "upsample_rates": [8, 8],
    "upsample_kernel_sizes": [16, 16],
    "upsample_initial_channel": 32,
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 2], [2, 6]],
    "initial_input_size": 16,
}
CONFIG = {
    "preprocessor": PREPROCESSOR,
    "generator": GENERATOR,
    "debug": True,
    "optim": {
        "_target_": "torch.optim.AdamW",
        "lr": 0.005,
        "betas": [0.8, 0.99],
        "sched": {"name": "CosineAnnealing", "min_lr": 1e-5},
    },
}


@pytest.mark.data
@torch.no_grad()
def test_an_archive_of_the_original_makes_the_recorded_audio(compat_folder):
    model = HifiGanModel.restore_from(str(compat_folder / "n123_tts_hifigan_0.nemo"), map_location="cpu").eval()
    recorded = arrays_of(compat_folder / "n123_tts_hifigan_0.out.npz")
    mel = torch.tensor(arrays_of(compat_folder / "n123_tts_hifigan_0.in.npz")["mel"])
    audio = model.convert_spectrogram_to_audio(spec=mel)
    np.testing.assert_allclose(audio.numpy(), recorded["audio"], atol=2e-5)


class _Tones(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        time = torch.arange(1024) / 16000
        return 0.5 * torch.sin(2 * torch.pi * (200 + 50 * index) * time), torch.tensor(1024)


def test_training_brings_spectrograms_together_and_counts_schedules_in_batches(tmp_path):
    torch.manual_seed(0)
    model = HifiGanModel(CONFIG)
    trainer = Trainer(
        max_steps=24, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    model.set_trainer(trainer)
    loader = torch.utils.data.DataLoader(_Tones(), batch_size=4)
    audio, lengths = next(iter(loader))

    def distance():
        with torch.no_grad():
            _, mel, target = model._spectrograms((audio, lengths))
            return float((model._target_spectrogram(model(spec=mel).squeeze(1)) - target).abs().mean())

    before = distance()
    trainer.fit(model, loader)
    assert distance() < 0.9 * before
    generator_schedule, discriminator_schedule = model.lr_schedulers()
    assert generator_schedule.max_steps == discriminator_schedule.max_steps == 12
    assert generator_schedule.last_epoch == 12

    model.save_to(str(tmp_path / "vocoder.nemo"))
    restored = HifiGanModel.restore_from(str(tmp_path / "vocoder.nemo")).eval()
    mel = torch.randn(2, 16, 9)
    assert torch.equal(restored.convert_spectrogram_to_audio(mel), model.eval().convert_spectrogram_to_audio(mel))


def test_a_generator_whose_hop_differs_is_refused():
    with pytest.raises(ConfigError, match="make 32 samples of a frame.*n_window_stride is 64"):
        HifiGanModel({**CONFIG, "generator": {**GENERATOR, "upsample_rates": [8, 4]}})
