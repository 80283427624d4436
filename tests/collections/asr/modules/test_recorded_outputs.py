"""Features, encoder outputs, log-probabilities and losses recorded by the original's releases 1.23 and 3.0."""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
import tarfile
from pathlib import Path

import pytest
import torch
import yaml

from nemo.collections.asr import modules
from nemo.collections.asr.losses import CTCLoss
from tests.arrays import arrays_of

COMPAT = Path(__file__).parents[3] / "data" / "compat"
TOLERANCE = 2e-4
CTC_ARCHIVES = [
    "n123_ctc_quartznet_0",
    "n123_ctc_jasper_1",
    "n123_ctc_bpe_citrinet_0",
    "n123_ctc_bpe_citrinet_1",
    "n300_ctc_quartznet_0",
]


class Case:
    """An archive with its inputs and recorded outputs."""

    def __init__(self, name: str) -> None:
        with tarfile.open(COMPAT / f"{name}.nemo") as archive:
            self.config = yaml.safe_load(archive.extractfile("./model_config.yaml").read())
            weights = archive.extractfile("./model_weights.ckpt").read()
        self.weights = torch.load(io.BytesIO(weights), weights_only=True)
        self.expected = arrays_of(COMPAT / f"{name}.out.npz")
        inputs = arrays_of(COMPAT / "inputs_pub_16000.npz")
        rows = len(self.expected["features"])
        self.audio_lengths = torch.tensor(inputs["audio_len"][:rows])
        audio = inputs["audio"][:rows, : self.audio_lengths.max()]
        self.audio = torch.tensor(audio.astype("float32") / 32768)

    def build(self, section: str) -> torch.nn.Module:
        config = dict(self.config[section])
        module = getattr(modules, config.pop("_target_").rpartition(".")[2])(**config).eval()
        prefix = section + "."
        own = {name.removeprefix(prefix): value for name, value in self.weights.items() if name.startswith(prefix)}
        module.load_state_dict(own, strict=True)
        return module

    def features(self) -> tuple[torch.Tensor, torch.Tensor]:
        preprocessor = self.build("preprocessor")
        preprocessor.follow_release(self.config["nemo_version"])
        return preprocessor(input_signal=self.audio, length=self.audio_lengths)

    def assert_close(self, ours: torch.Tensor, name: str) -> None:
        theirs = torch.tensor(self.expected[name])
        scale = max(1.0, theirs.abs().max().item())
        torch.testing.assert_close(ours / scale, theirs / scale, atol=TOLERANCE, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("name", CTC_ARCHIVES)
def test_ctc_archives_give_what_was_recorded(name):
    case = Case(name)
    features, lengths = case.features()
    case.assert_close(features, "features")
    assert lengths.tolist() == case.expected["features_len"].tolist()
    encoded, encoded_lengths = case.build("encoder")(audio_signal=features, length=lengths)
    case.assert_close(encoded, "encoded")
    assert encoded_lengths.tolist() == case.expected["encoded_len"].tolist()
    decoder = case.build("decoder")
    log_probs = decoder(encoder_output=encoded)
    case.assert_close(log_probs, "log_probs")
    targets = arrays_of(COMPAT / f"{name}.in.npz")
    loss = CTCLoss(decoder.num_classes_with_blank - 1)(
        log_probs=log_probs,
        targets=torch.tensor(targets["target"]),
        input_lengths=encoded_lengths,
        target_lengths=torch.tensor(targets["target_len"]),
    )
    case.assert_close(loss, "ctc_loss")


@torch.no_grad()
def test_command_classifier_gives_what_was_recorded():
    case = Case("n123_classification_matchboxnet_0")
    features, lengths = case.features()
    case.assert_close(features, "features")
    assert lengths.tolist() == case.expected["features_len"].tolist()
    encoded, _ = case.build("encoder")(audio_signal=features, length=lengths)
    case.assert_close(case.build("decoder")(encoder_output=encoded), "logits")


@pytest.mark.parametrize("name", CTC_ARCHIVES)
def test_computed_filters_and_windows_equal_the_saved_ones(name):
    case = Case(name)
    config = {key: value for key, value in case.config["preprocessor"].items() if key != "_target_"}
    featurizer = modules.AudioToMelSpectrogramPreprocessor(**config).featurizer
    torch.testing.assert_close(featurizer.fb, case.weights["preprocessor.featurizer.fb"], atol=1e-7, rtol=1e-5)
    torch.testing.assert_close(featurizer.window, case.weights["preprocessor.featurizer.window"])


def recorded_defaults():
    recorded = json.loads((COMPAT / "module_config_defaults.json").read_text())
    return [(f"{module}.{name}", values) for module, classes in recorded.items() for name, values in classes.items()]


@pytest.mark.parametrize(("path", "expected"), recorded_defaults())
def test_config_defaults_are_the_recorded_ones(path, expected):
    module, _, name = path.rpartition(".")
    config_class = getattr(importlib.import_module(module), name)
    ours = {}
    for item in dataclasses.fields(config_class):
        if item.default is not dataclasses.MISSING:
            ours[item.name] = item.default
        elif item.default_factory is not dataclasses.MISSING:
            ours[item.name] = item.default_factory()
        else:
            ours[item.name] = "<required>"
    assert ours == expected
