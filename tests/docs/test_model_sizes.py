"""Numbers of weights in the pages on models, and in the heads of recipes, are those of the networks."""

import re

import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.asr import modules
from tests.docs.documents import ROOT

RECIPES = ROOT / "examples" / "asr" / "conf"
PIECES = [str(number) for number in range(1024)]
DEEP = {
    "Conformer": "conformer/conformer_ctc_bpe",
    "FastConformer": "fastconformer/fast-conformer_ctc_bpe",
    "Squeezeformer": "squeezeformer/squeezeformer_ctc_bpe",
}


def rows(page):
    """The rows of a page's tables that end with a number, each as its cells, beside the cells of its table's head."""
    head = []
    for line in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            head = []
        elif not head:
            head = cells
        elif re.fullmatch(r"[\d.]+", cells[-1]):
            yield dict(zip(head, cells, strict=True)), head[0]


def weights(module):
    return sum(parameter.numel() for parameter in module.parameters())


def encoder_of(model):
    section = OmegaConf.to_container(model.encoder, resolve=True)
    kind = getattr(modules, section.pop("_target_").rsplit(".", 1)[1])
    with torch.device("meta"):  # no memory, whatever the size
        return kind(**section)


def with_ctc(encoder, labels=PIECES):
    with torch.device("meta"):
        decoder = modules.ConvASRDecoder(encoder._feat_out, num_classes=len(labels), vocabulary=labels)
    return weights(encoder) + weights(decoder)


def with_transducer(encoder, labels=PIECES, width=640):
    sizes = {"encoder_hidden": encoder._feat_out, "pred_hidden": width, "joint_hidden": width, "activation": "relu"}
    with torch.device("meta"):
        prediction = modules.RNNTDecoder({"pred_hidden": width, "pred_rnn_layers": 1}, vocab_size=len(labels))
        joint = modules.RNNTJoint(sizes, num_classes=len(labels), vocabulary=labels)
    return weights(encoder) + weights(prediction) + weights(joint)


@pytest.mark.parametrize("page", ["conformer.md", "squeezeformer.md"])
def test_sizes_of_layers_and_widths(page):
    checked = 0
    for row, family in rows(page):
        model = OmegaConf.load(RECIPES / f"{DEEP[family]}.yaml").model
        keys = ("n_layers", "d_model", "n_heads", "time_reduce_idx")
        model.encoder.update({key: int(row[key]) for key in keys if key in row})
        encoder = encoder_of(model)
        assert float(row["CTC"]) == round(with_ctc(encoder) / 1e6, 1), row
        if "transducer" in row:
            width = 320 if row[family] == "small" else 640
            assert float(row["transducer"]) == round(with_transducer(encoder, width=width) / 1e6, 1), row
        checked += 1
    assert checked >= 6


@pytest.mark.parametrize("page", ["convolutional.md", "lstm.md"])
def test_sizes_of_recipes(page):
    checked = 0
    for row, _ in rows(page):
        recipe = row["recipe in `examples/asr/conf`"].strip("`")
        model = OmegaConf.load(RECIPES / f"{recipe}.yaml").model
        for change in row.get("changes", "").strip("`").split():
            key, value = change.split("=")
            model.model_defaults[key] = int(value)
        encoder = encoder_of(model)
        assert float(row["encoder"]) == round(weights(encoder) / 1e6, 1), row
        labels = list(model.labels) if "labels" in model else PIECES
        whole = with_transducer(encoder, labels) if "joint" in model else with_ctc(encoder, labels)
        assert float(row["model"]) == round(whole / 1e6, 1), row
        checked += 1
    assert checked >= 2


def test_sizes_in_the_heads_of_recipes():
    checked = 0
    for path in sorted(RECIPES.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        said = re.search(r"([\d.]+) M parameters", text.splitlines()[0])
        model = OmegaConf.load(path).model if said else None
        if said is None or "transf_decoder" in model or path.parent.name == "an4":  # whose tokenizers are small
            continue
        labels = list(model.labels) if "labels" in model else PIECES
        encoder = encoder_of(model)
        if "joint" in model:
            whole = with_transducer(encoder, labels, model.model_defaults.pred_hidden)
            whole += with_ctc(encoder, labels) - weights(encoder) if "aux_ctc" in model else 0
        else:
            whole = with_ctc(encoder, labels)
        assert float(said[1]) == pytest.approx(whole / 1e6, abs=0.6), path
        checked += 1
    assert checked > 15
