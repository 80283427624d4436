"""Recipes of examples/asr/conf at toy size: few narrow layers, short kernels, three recordings."""

import copy
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from tests.collections.asr.models import tiny, tiny_attention, tiny_classifier

CONF = Path(__file__).parents[3] / "examples" / "asr" / "conf"
NAMES = sorted(str(path.relative_to(CONF).with_suffix("")) for path in CONF.rglob("*.yaml"))
WIDTH = 16
SMALL = {
    "n_layers": 2, "d_model": WIDTH, "n_heads": 2, "conv_kernel_size": 5, "ff_expansion_factor": 2,
    "subsampling_conv_channels": 8, "pos_emb_max_len": 64, "proj_size": 8, "time_reduce_idx": 0, "num_layers": 1,
    "hidden_size": WIDTH, "inner_size": WIDTH, "num_attention_heads": 2, "max_sequence_length": 64,
}  # fmt: skip
"""What sizes become, wherever they stand; smaller values and None stay."""


def read(recipe):
    """The recipe as a script gets it."""
    path = CONF / f"{recipe}.yaml"
    with initialize_config_dir(str(path.parent), version_base="1.3"):
        cfg = compose(path.stem)
    OmegaConf.set_struct(cfg, False)
    return cfg


def shrink(cfg, folder):
    """The recipe with other sizes, no dropout and no masks; returns it with the paths of its recordings."""
    model = cfg.model
    model.preprocessor.update({key: 16 for key in ("features", "n_mels", "n_mfcc") if key in model.preprocessor})
    model.encoder.feat_in = 16
    for section in ("encoder", "transf_encoder", "transf_decoder", "head", "decoder", "joint"):
        if section in model:
            _shrink(model[section])
    for key in ("enc_hidden", "pred_hidden", "joint_hidden", "asr_enc_hidden", "lm_enc_hidden", "lm_dec_hidden"):
        if "model_defaults" in model and key in model.model_defaults:
            model.model_defaults[key] = WIDTH
    if "jasper" in model.encoder and "feat_in" in model.decoder:
        model.decoder.feat_in = WIDTH
    model.spec_augment.update(freq_masks=0, time_masks=0, rect_masks=0)
    paths, manifest = _recordings(model, folder)
    for name in ("train_ds", "validation_ds", "test_ds"):
        model[name].update(manifest_filepath=manifest, batch_size=4, num_workers=0, pin_memory=False, shuffle=False)
        model[name].update(num_buckets=None, batch_duration=None)  # one batch is the epoch
        for perturbation in (model[name].get("augmentor") or {}).values():
            perturbation.prob = 0.0  # one batch is to be learnt
    _tokenizer(model, folder)
    return cfg, paths


def _shrink(node):
    for key in list(node):
        value = None if OmegaConf.is_missing(node, key) else node[key]
        if key == "jasper":
            blocks = OmegaConf.to_container(value, resolve=True)
            blocks = list(
                {str((b["stride"], b["residual"], b["dilation"], b["repeat"] > 1)): b for b in blocks}.values()
            )
            for entry in blocks:
                entry.update(filters=WIDTH, kernel=[min(entry["kernel"][0], 5)], repeat=min(entry["repeat"], 2))
            node[key] = blocks
        elif OmegaConf.is_config(value) and OmegaConf.is_dict(value):
            _shrink(value)
        elif "dropout" in key and value is not None:
            node[key] = 0.0
        elif SMALL.get(key) is not None and isinstance(value, int) and value > SMALL[key]:
            node[key] = SMALL[key]


def _recordings(model, folder):
    if "transf_decoder" in model:
        manifest = tiny_attention.recordings(folder)
        return [str(folder / f"{index}.wav") for index in range(4)], manifest
    if "crop_or_pad_augment" in model:
        return tiny_classifier.recordings(folder, (list(model.labels) * 2)[:3])
    if "labels" in model and list(model.labels) == ["0", "1"]:
        return tiny_classifier.recordings(folder, ["0 1", "1 0", "0 0 1 1"])
    return tiny.recordings(folder)


def _tokenizer(model, folder):
    section = model.get("tokenizer")
    if section is None:
        return
    if section.type == "agg":
        section.langs = copy.deepcopy(tiny_attention.canary_tokenizers(folder / "tokenizer")["langs"])
    else:
        section.dir = tiny.tokenizer_folder(folder / "tokenizer")
