"""Every recipe under examples/asr/conf builds at toy size and trains one step."""

from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf, open_dict

from nemo.collections.asr.models import EncDecCTCModel, EncDecCTCModelBPE
from tests.collections.asr.models import tiny

CONF = Path(__file__).parents[3] / "examples" / "asr" / "conf"
RECIPES = sorted(str(path.relative_to(CONF).with_suffix("")) for path in CONF.rglob("*.yaml"))

PAPERS = {
    # recipe: (blocks, millions of weights as the paper or the recipe says, feature frames for each encoder frame)
    "quartznet/quartznet_15x5": (18, 18.9, 2),
    "quartznet/quartznet_5x5": (8, 6.7, 2),
    "jasper/jasper_10x5dr": (13, 333, 2),
    "citrinet/citrinet_256": (23, 10, 8),
    "citrinet/citrinet_512": (23, 37, 8),
    "citrinet/citrinet_1024": (23, 142, 8),
    "an4/quartznet_an4": (7, 0.78, 4),
    "an4/citrinet_an4": (7, 1.35, 4),
}


def read(recipe):
    path = CONF / f"{recipe}.yaml"
    with initialize_config_dir(str(path.parent), version_base="1.3"):
        cfg = compose(path.stem)
    OmegaConf.set_struct(cfg, False)
    return cfg


def shrink(cfg, folder):
    """Narrow layers, short kernels, one repetition, three recordings."""
    _, manifest = tiny.recordings(folder)
    blocks = OmegaConf.to_container(cfg.model.encoder.jasper, resolve=True)
    for entry in blocks:
        entry.update(filters=16, kernel=[min(entry["kernel"][0], 5)], repeat=min(entry["repeat"], 2))
    cfg.model.encoder.jasper = blocks
    cfg.model.decoder.feat_in = 16
    for section in ("train_ds", "validation_ds", "test_ds"):
        cfg.model[section].update(manifest_filepath=manifest, batch_size=2, num_workers=0)
    if "tokenizer" in cfg.model:
        cfg.model.tokenizer.dir = tiny.tokenizer_folder(folder / "tokenizer")
    cfg.trainer.update(accelerator="cpu", max_epochs=1, limit_train_batches=1, enable_progress_bar=False)
    cfg.trainer.update(enable_model_summary=False, check_val_every_n_epoch=1)
    return cfg


@pytest.mark.parametrize("recipe", RECIPES)
def test_recipe_trains_a_step_and_is_tested(recipe, tmp_path):
    cfg = shrink(read(recipe), tmp_path)
    model_class = EncDecCTCModelBPE if "tokenizer" in cfg.model else EncDecCTCModel
    trainer = pl.Trainer(**cfg.trainer)
    model = model_class(cfg=cfg.model, trainer=trainer)
    before = model.decoder.decoder_layers[0].bias.detach().clone()
    trainer.fit(model)
    assert trainer.global_step == 1
    assert torch.isfinite(trainer.logged_metrics["train_loss"])
    assert torch.isfinite(trainer.logged_metrics["val_loss"])
    assert not torch.equal(model.decoder.decoder_layers[0].bias, before)
    assert set(trainer.test(model, verbose=False)[0]) >= {"test_loss", "test_wer"}


@pytest.mark.parametrize("recipe", RECIPES)
def test_recipe_has_the_sections_that_scripts_read(recipe):
    cfg = read(recipe)
    assert set(cfg) >= {"name", "model", "trainer", "exp_manager"}
    assert set(cfg.model) >= {"train_ds", "validation_ds", "test_ds", "preprocessor", "encoder", "decoder", "optim"}
    assert cfg.trainer.logger is False
    assert cfg.trainer.enable_checkpointing is False


@pytest.mark.parametrize("recipe", PAPERS)
def test_recipe_has_the_size_of_its_paper(recipe):
    blocks, millions, subsampling = PAPERS[recipe]
    cfg = read(recipe).model
    with open_dict(cfg), torch.device("meta"):
        assert len(cfg.encoder.jasper) == blocks
        encoder = EncDecCTCModel.from_config_dict(cfg.encoder)
        assert encoder.subsampling_factor == subsampling
        weights = encoder.num_weights + (encoder.d_model + 1) * (1025 if "tokenizer" in cfg else 29)
    assert weights / 1e6 == pytest.approx(millions, rel=0.05)


@pytest.mark.parametrize("name", ["quartznet_15x5", "jasper_10x5dr"])
def test_the_flat_name_of_release_1_is_the_same_recipe(name):
    assert read(name) == read(f"{name.split('_')[0]}/{name}")
