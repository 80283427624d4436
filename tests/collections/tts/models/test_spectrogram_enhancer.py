"""The enhancer learns, keeps padding, saves, and says what does not fit."""

import json

import numpy as np
import pytest
import torch
from pytorch_lightning import Trainer

import nemo.collections.tts as nemo_tts
from nemo.collections.tts.models import SpectrogramEnhancerModel
from nemo.utils.exceptions import ConfigError, ShapeError

MODULES = "nemo.collections.tts.modules.spectrogram_enhancer."
LOW, HIGH = -10.0, 2.0
OPTIMIZER = {"_target_": "torch.optim.Adam", "lr": 0.005, "betas": [0.5, 0.9]}


def config(**more):
    sizes = {"n_bands": 16, "network_capacity": 2, "fmap_max": 8}
    return {
        "generator": {"_target_": MODULES + "Generator", "latent_dim": 8, "style_depth": 2, **sizes},
        "discriminator": {"_target_": MODULES + "Discriminator", **sizes},
        "spectrogram_min_value": LOW,
        "spectrogram_max_value": HIGH,
        "generator_opt": OPTIMIZER,
        "discriminator_opt": OPTIMIZER,
        **more,
    }


def pairs(folder):
    """A section of smooth spectrograms, and of the same with noise on them."""
    generator, lines = np.random.default_rng(0), []
    for number, frames in enumerate((40, 57, 33, 48)):
        smooth = LOW + (HIGH - LOW) * np.linspace(0.2, 0.8, 16)[:, None] * np.ones(frames)
        np.save(folder / f"made_{number}.npy", smooth.astype("float32"))
        np.save(folder / f"real_{number}.npy", (smooth + generator.normal(size=smooth.shape)).astype("float32"))
        lines.append({"mel_filepath": f"made_{number}.npy", "mel_gt_filepath": f"real_{number}.npy"})
    (folder / "pairs.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    target = "nemo.collections.tts.data.dataset.PairedRealFakeSpectrogramsDataset"
    dataset = {"_target_": target, "manifest_filepath": str(folder / "pairs.json")}
    return {"dataset": dataset, "dataloader_params": {"batch_size": 4, "num_workers": 0}}


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A model after a few steps, and its results before and after."""
    torch.manual_seed(0)
    section = pairs(tmp_path_factory.mktemp("pairs"))
    model = SpectrogramEnhancerModel(config(train_ds=section, validation_ds=section))
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    trainer = Trainer(accelerator="cpu", max_epochs=15, check_val_every_n_epoch=15, num_sanity_val_steps=0, **quiet)
    before = trainer.validate(model, verbose=False)[0]
    trainer.fit(model)
    return model.eval(), before, dict(trainer.callback_metrics)


@pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers")
def test_what_is_enhanced_comes_nearer_to_both(learnt):
    _, before, after = learnt
    assert after["val_c_loss"] < 0.6 * before["val_c_loss"]
    assert after["val_loss"] < 0.9 * before["val_loss"]
    assert {"d_loss", "d_loss_gp", "g_loss", "c_loss"} <= set(after)  # one batch an epoch: each has the penalty


def test_results_are_repeatable_and_padding_stays(learnt):
    model, _, _ = learnt
    mel = LOW + (HIGH - LOW) * torch.rand(2, 16, 30)
    lengths = torch.tensor([30, 11])
    torch.manual_seed(1)
    first = model(input_spectrograms=mel, lengths=lengths)
    torch.manual_seed(1)
    assert torch.equal(model(input_spectrograms=mel, lengths=lengths), first)
    assert first.shape == mel.shape and not first[1, :, 11:].any()
    assert not torch.equal(model(input_spectrograms=mel, lengths=lengths), first)


def test_normalised_spectrograms_give_normalised_ones(learnt):
    model, _, _ = learnt
    mel, lengths = LOW + (HIGH - LOW) * torch.rand(1, 16, 20), torch.tensor([20])
    unit = model.normalize_spectrograms(mel, lengths)
    assert float(unit.min()) >= 0 and float(unit.max()) <= 1
    torch.testing.assert_close(model.unnormalize_spectrograms(unit, lengths), mel)
    with torch.no_grad():
        torch.manual_seed(1)
        whole = model(input_spectrograms=mel, lengths=lengths)
        torch.manual_seed(1)
        part = model(input_spectrograms=unit, lengths=lengths, normalize=False)
    torch.testing.assert_close(model.unnormalize_spectrograms(part, lengths), whole)


def test_saved_and_restored_it_gives_the_same(learnt, tmp_path):
    model, _, _ = learnt
    model.save_to(str(tmp_path / "enhancer.nemo"))
    restored = nemo_tts.models.SpectrogramEnhancerModel.restore_from(str(tmp_path / "enhancer.nemo")).eval()
    arguments = {"input_spectrograms": torch.rand(1, 16, 25), "lengths": torch.tensor([25])}
    torch.manual_seed(2)
    expected = model(**arguments)
    torch.manual_seed(2)
    assert torch.equal(restored(**arguments), expected)
    target = "nemo.collections.tts.models.spectrogram_enhancer.SpectrogramEnhancerModel"
    assert restored.cfg.target == target


def test_styles_are_mixed_at_one_block():
    model = SpectrogramEnhancerModel(config(mixed_prob=1.0))
    plain, mixed = model.generate_zs(2), model.generate_zs(2, mixing=True)
    assert len(plain) == len(mixed) == 3
    assert len({id(z) for z in plain}) == 1
    assert len({id(z) for z in mixed}) == 2 and mixed[0] is not mixed[-1]
    never = SpectrogramEnhancerModel(config(mixed_prob=0.0)).generate_zs(2, mixing=True)
    assert len({id(z) for z in never}) == 1


def test_one_optim_section_is_for_both_networks():
    model = SpectrogramEnhancerModel(config(optim={"name": "adam", "lr": 0.003}, generator_opt=None))
    first, second = model.configure_optimizers()
    assert len(first.param_groups[0]["params"]) == len(list(model.generator.parameters()))
    assert len(second.param_groups[0]["params"]) == len(list(model.discriminator.parameters()))
    assert first.param_groups[0]["lr"] == second.param_groups[0]["lr"] == 0.003
    with pytest.raises(ConfigError, match=r"model\.optim is missing"):
        SpectrogramEnhancerModel(config(discriminator_opt=None)).configure_optimizers()


def test_what_does_not_fit_is_told():
    model = SpectrogramEnhancerModel(config())
    with pytest.raises(ShapeError, match=r"\[1, 80, 20\]; it expects \[B, D=16, F\]"):
        model(input_spectrograms=torch.zeros(1, 80, 20), lengths=torch.tensor([20]))
    with pytest.raises(ConfigError, match=r"spectrogram_min_value is 3.0 and model.spectrogram_max_value 2.0"):
        SpectrogramEnhancerModel(config(spectrogram_min_value=3.0))
