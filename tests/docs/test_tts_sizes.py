"""Numbers of weights in the pages on synthesis are those of the recipes."""

import pytest
import torch
from omegaconf import OmegaConf

from nemo.core.classes.serialization import instantiate
from tests.docs.test_model_sizes import rows, weights
from tests.examples.tts.toy_recipes import read

TOKENS = 120
"""About as many as the tokenizers have; each is a row of an embedding."""
PARTS = {
    "input_fft": {"n_embed": TOKENS},
    "synthesizer": {"n_vocab": TOKENS, "spec_channels": 513, "segment_size": 32},
}
"""Sections and what the model adds to them; the others are whole."""
NO_WEIGHTS = ("preprocessor", "train_ds", "validation_ds", "test_ds", "text_tokenizer", "text_normalizer")


def size_of(recipe):
    """Millions of weights of the networks that a recipe names, without discriminators."""
    cfg = read(recipe)
    cfg.pitch_mean = cfg.pitch_std = 1.0  # those of the data, which recipes leave open
    total = 0
    for name in cfg.model:
        if name in NO_WEIGHTS or not OmegaConf.is_dict(cfg.model[name]) or "_target_" not in cfg.model[name]:
            continue
        section = OmegaConf.create(OmegaConf.to_container(cfg.model[name], resolve=True))
        if "torch.optim" in section._target_:
            continue
        with torch.device("meta"):
            total += weights(instantiate(OmegaConf.merge(section, PARTS.get(name, {}))))
    return total / 1e6


@pytest.mark.parametrize("page", ["fastpitch.md", "tacotron2.md", "vocoders.md", "vits.md"])
def test_sizes_of_recipes(page):
    checked = 0
    for row, _ in rows(page):
        *_, said = row.values()
        recipe = row["recipe in `examples/tts/conf`"].strip("`")
        assert size_of(f"conf/{recipe}") == pytest.approx(float(said), abs=0.6), row
        checked += 1
    assert checked >= 2
