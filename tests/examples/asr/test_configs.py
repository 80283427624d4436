"""What the recipes under examples/asr/conf say: sections, and sizes as in the papers."""

import pytest
import torch
from omegaconf import open_dict

from nemo.collections.asr.models import EncDecCTCModel
from tests.examples.asr.toy_recipes import NAMES, read

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


ENCODERS = {
    # recipe: (layers, millions of weights as the paper or the recipe says, feature frames for each encoder frame)
    "conformer/conformer_ctc_bpe": (18, 121, 4),
    "conformer/conformer_ctc_char": (16, 13, 4),
    "fastconformer/fast-conformer_ctc_bpe": (17, 115, 8),
    "fastconformer/long_fastconformer/fast-conformer-long_ctc_bpe": (17, 115, 8),
    "fastconformer/cache_aware_streaming/fastconformer_ctc_bpe_streaming": (17, 115, 8),
    "squeezeformer/squeezeformer_ctc_bpe": (16, 28, 4),
}
CLASSIFIERS = {"matchboxnet/matchboxnet_3x1x64_v1": 77, "marblenet/marblenet_3x2x64": 88}
"""Thousands of weights, as in the papers."""


@pytest.mark.parametrize("recipe", NAMES)
def test_recipe_has_the_sections_that_scripts_read(recipe):
    cfg = read(recipe)
    assert set(cfg) >= {"name", "model", "trainer", "exp_manager"}
    decoder = "transf_decoder" if "multitask" in recipe else "decoder"
    own = set() if "finetune" in recipe else {"preprocessor", "encoder", decoder}
    assert set(cfg.model) >= {"train_ds", "validation_ds", "test_ds", "optim", *own}
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


@pytest.mark.parametrize("recipe", ENCODERS)
def test_attention_recipe_has_the_size_of_its_paper(recipe):
    layers, millions, subsampling = ENCODERS[recipe]
    cfg = read(recipe).model
    assert cfg.encoder.n_layers == layers
    if "time_reduce_idx" in cfg.encoder:
        cfg.encoder.time_reduce_idx = 0
    few = []
    for count in (2, 3):  # all layers are alike
        cfg.encoder.n_layers = count
        encoder = EncDecCTCModel.from_config_dict(cfg.encoder)
        few.append(encoder.num_weights)
    assert encoder.subsampling_factor == subsampling
    decoder = (encoder.d_model + 1) * (1025 if "tokenizer" in cfg else 29)
    assert (few[0] + (layers - 2) * (few[1] - few[0]) + decoder) / 1e6 == pytest.approx(millions, rel=0.05)


@pytest.mark.parametrize("recipe", CLASSIFIERS)
def test_classifier_recipe_has_the_size_of_its_paper(recipe):
    cfg = read(recipe).model
    with torch.device("meta"):
        encoder = EncDecCTCModel.from_config_dict(cfg.encoder)
    weights = encoder.num_weights + (encoder._feat_out + 1) * len(cfg.labels)
    assert weights / 1e3 == pytest.approx(CLASSIFIERS[recipe], rel=0.05)


@pytest.mark.parametrize("name", ["quartznet_15x5", "jasper_10x5dr"])
def test_the_flat_name_of_release_1_is_the_same_recipe(name):
    assert read(name) == read(f"{name.split('_')[0]}/{name}")
