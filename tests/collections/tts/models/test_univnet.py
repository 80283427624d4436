"""UnivNet: a training that lowers the distance of spectrograms, saving, what does not fit."""

import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.tts.models import UnivNetModel
from nemo.utils.exceptions import ConfigError
from tests.collections.tts.models.test_hifigan import PREPROCESSOR, _Tones

GENERATOR = {
    "_target_": "nemo.collections.tts.modules.univnet_modules.Generator",
    "noise_dim": 8,
    "channel_size": 6,
    "dilations": [1, 3],
    "strides": [8, 8],
    "n_mel_channels": 16,
}
CONFIG = {
    "preprocessor": PREPROCESSOR,
    "generator": GENERATOR,
    "discriminator": {
        "mpd": {"periods": [2, 3]},
        "mrd": {"resolutions": [[256, 64, 256], [128, 32, 128]]},
    },
    "debug": True,
    "optim": {"name": "adam", "lr": 0.005, "betas": [0.5, 0.9], "sched": {"name": "CosineAnnealing", "min_lr": 1e-4}},
}


def test_training_brings_spectrograms_together_and_the_archive_makes_the_same(tmp_path):
    torch.manual_seed(0)
    model = UnivNetModel(CONFIG)
    model.set_trainer(
        Trainer(max_steps=40, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False)
    )
    loader = torch.utils.data.DataLoader(_Tones(), batch_size=4)
    batch = next(iter(loader))

    @torch.no_grad()
    def distance():
        audio, mel = model._pair(batch)
        return float(sum(model.mrstft_loss(x=model(spec=mel).squeeze(1), y=audio.squeeze(1))))

    before = distance()
    model.trainer.fit(model, loader)
    assert distance() < 0.9 * before
    assert [schedule.last_epoch for schedule in model.lr_schedulers()] == [20, 20]

    model.eval().save_to(str(tmp_path / "vocoder.nemo"))
    restored = UnivNetModel.restore_from(str(tmp_path / "vocoder.nemo")).eval()
    mel, spoken = torch.randn(2, 16, 9), []
    for each in (model, restored):
        torch.manual_seed(1)
        spoken.append(each.convert_spectrogram_to_audio(spec=mel))
    assert spoken[0].shape == (2, 9 * 64)
    assert torch.equal(*spoken)
    audio = spoken[0][:, None]
    scores = [judge(y=audio, y_hat=audio)[0] for judge in (model.mpd, model.mrd)]
    assert [len(each) for each in scores] == [2, 2]


def test_what_does_not_fit_is_named():
    with pytest.raises(ConfigError, match="strides make 32 samples of a frame.*n_window_stride is 64"):
        UnivNetModel({**CONFIG, "generator": {**GENERATOR, "strides": [8, 4]}})
    with pytest.raises(ConfigError, match="use_spectral_norm"):
        UnivNetModel({**CONFIG, "discriminator": {"mpd": {"use_spectral_norm": True}}})
