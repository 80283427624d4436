"""Rows 3-*, 4-*, 2-47 and 2-48 of the seed documents: NeuralModule, typing, checkpoints."""

import importlib

import pytest
import torch
from omegaconf import OmegaConf

import nemo.core
from nemo.core import Dataset, FileIO, Loss, ModelPT, NeuralModule, Serialization, Typing, typecheck
from nemo.core.neural_types import (
    AxisKind,
    EncodedRepresentation,
    LogitsType,
    LogprobsType,
    MelSpectrogramType,
    NeuralType,
    NeuralTypeComparisonResult,
    SpectrogramType,
)
from tests.conftest import REPOSITORY
from tests.core.tiny import TinyModel, tiny_config


class Recurrent(NeuralModule):
    """The seed's output types: a sequence and a tuple of states."""

    @property
    def input_types(self):
        return {"x": NeuralType(axes=("B", "T", "C"), elements_type=SpectrogramType())}

    @property
    def output_types(self):
        return {
            "y": NeuralType(axes=("B", "T", "C"), elements_type=EncodedRepresentation()),
            "h_c": [NeuralType(axes=("D", "B", "C"), elements_type=EncodedRepresentation())],
        }

    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.LSTM(3, 3, batch_first=True)

    @typecheck()
    def forward(self, x):
        return self.rnn(x)


def labelled(tensor, *type_arguments):
    tensor.neural_type = NeuralType(*type_arguments)
    return tensor


@pytest.mark.parametrize("name", ["asr", "common"])
def test_row_3_4_collections_import_with_the_cpu_alone(name):
    assert importlib.import_module(f"nemo.collections.{name}")


def test_row_4_1_saving_keeps_config_and_other_parts(tmp_path):
    (tmp_path / "words.txt").write_text("a b")
    TinyModel(tiny_config(vocabulary_file=str(tmp_path / "words.txt"))).save_to(str(tmp_path / "m.nemo"))
    restored = TinyModel.restore_from(str(tmp_path / "m.nemo"))
    assert restored.words == ["a", "b"] and restored.cfg.width == 3


def test_row_4_2_state_dict_from_one_argument(tmp_path):
    model = TinyModel(tiny_config())
    model.save_to(str(tmp_path / "m.nemo"))
    state_dict = ModelPT.extract_state_dict_from(str(tmp_path / "m.nemo"))
    assert torch.equal(state_dict["encoder.weight"], model.encoder.weight)


def test_row_4_3_base_classes_are_in_core():
    assert nemo.core.Serialization is Serialization and nemo.core.Typing is Typing


def test_row_4_4_types_are_none_by_default():
    assert NeuralModule().input_types is None and NeuralModule().output_types is None


def test_row_4_5_undecorated_methods_are_not_checked():
    class Free(Recurrent):
        def forward(self, x):
            return x

    assert Free()(torch.zeros(1)).shape == (1,)
    y, _ = Recurrent()(x=torch.zeros(1, 2, 3))  # decorated, untyped tensor: nothing to compare
    assert y.neural_type.elements_type.__class__ is EncodedRepresentation


@pytest.mark.parametrize(
    "call",
    [
        lambda module, x: module(x),  # row 4-7: keywords only
        lambda module, x: module(),
        lambda module, x: module(x=x, z=x),
        lambda module, x: module(z=x),
        lambda module, x: module(x=x[0]),
        lambda module, x: module(x=[x]),
    ],
)
def test_rows_4_6_and_4_7_count_names_keywords_and_ranks_are_checked(call):
    with pytest.raises(TypeError):
        call(Recurrent(), torch.zeros(1, 2, 3))


def test_row_4_8_users_add_their_own_element_types():
    class WhisperedType(SpectrogramType):
        """A spectrogram of whispered speech."""

    axes = ("B", "T", "C")
    expected, actual = NeuralType(axes, SpectrogramType()), NeuralType(axes, WhisperedType())
    assert expected.compare(actual) == NeuralTypeComparisonResult.GREATER
    assert actual.compare(expected) == NeuralTypeComparisonResult.LESS
    assert actual.compare(NeuralType(axes, LogitsType())) == NeuralTypeComparisonResult.INCOMPATIBLE


def test_row_4_9_a_subtype_passes_and_a_supertype_does_not():
    axes = ("B", "T", "C")
    Recurrent()(x=labelled(torch.zeros(1, 2, 3), axes, MelSpectrogramType()))
    for wrong in (LogprobsType(), EncodedRepresentation().__class__.__mro__[1]()):
        with pytest.raises(TypeError):
            Recurrent()(x=labelled(torch.zeros(1, 2, 3), axes, wrong))


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (("B", "batch", "b", " B "), AxisKind.Batch),
        (("T", "time", "t_frames"), AxisKind.Time),
        (("C", "d", "channel"), AxisKind.Dimension),
    ],
)
def test_row_4_10_axis_labels(labels, kind):
    assert {AxisKind.from_str(label) for label in labels} == {kind}


def test_rows_4_12_and_4_13_nested_outputs_are_labelled():
    y, (h, c) = Recurrent()(x=torch.zeros(1, 2, 3))
    assert [str(axis.kind) for axis in h.neural_type.axes] == ["dimension", "batch", "dimension"]
    assert y.neural_type != h.neural_type and c.neural_type == h.neural_type


def test_row_4_14_class_graph():
    assert not issubclass(NeuralModule, ModelPT) and not issubclass(ModelPT, NeuralModule)
    for cls in (NeuralModule, ModelPT):
        assert issubclass(cls, Typing) and issubclass(cls, Serialization) and issubclass(cls, FileIO)


def test_row_4_15_the_trainer_may_come_later():
    import pytorch_lightning as pl

    model = TinyModel(tiny_config())
    assert model.trainer is None
    trainer = pl.Trainer(accelerator="cpu", devices=1, logger=False)
    model.set_trainer(trainer)
    assert model.trainer is trainer and model.world_size == 1


def test_rows_4_16_and_4_18_submodules_come_from_sections():
    section = OmegaConf.create({"_target_": "torch.nn.GRU", "input_size": 2, "hidden_size": "${n}", "n": 5})
    del section["n"]
    section.hidden_size = 5
    assert NeuralModule().from_config_dict(section).hidden_size == 5


def test_row_4_19_interpolations_are_resolved():
    cfg = OmegaConf.create({"model": {"width": "${sizes.n_embed}"}, "sizes": {"n_embed": 8}})
    assert TinyModel(cfg.model).encoder.out_features == 8


def test_row_4_20_signature_of_the_epoch_ends():
    import inspect

    for name in ("multi_validation_epoch_end", "multi_test_epoch_end"):
        parameters = inspect.signature(getattr(ModelPT, name)).parameters
        assert list(parameters) == ["self", "outputs", "dataloader_idx"]
        assert parameters["dataloader_idx"].default == 0


def test_row_2_47_three_kinds_of_neural_modules():
    assert issubclass(NeuralModule, torch.nn.Module)
    assert issubclass(Dataset, Typing) and issubclass(Loss, Typing)
    assert nemo.core.IterableDataset.__mro__.index(torch.utils.data.IterableDataset)


def test_row_2_48_types_hold_semantics_layout_and_size():
    from nemo.core.neural_types import AxisType

    sized = NeuralType((AxisType(AxisKind.Batch), AxisType(AxisKind.Dimension, 64)), LogitsType())
    other = NeuralType((AxisType(AxisKind.Batch), AxisType(AxisKind.Dimension, 32)), LogitsType())
    assert sized.compare(other) == NeuralTypeComparisonResult.DIM_INCOMPATIBLE


def test_row_3_1_nothing_has_to_be_compiled_to_install():
    """Every dependency is a published wheel; which, and why, is in docs/dependencies.md."""
    text = (REPOSITORY / "pyproject.toml").read_text()
    assert not any(name in text for name in ("pynini", "youtokentome", "megatron", "transformer-engine", "Cython"))


def test_row_3_2_there_is_a_table_of_tested_versions():
    assert "torch" in (REPOSITORY / "docs" / "versions.md").read_text()


def test_row_4_11_element_types_carry_parameters_instead_of_a_dtype():
    from nemo.core.neural_types import AudioSignal

    expected, actual = (NeuralType(("B", "T"), AudioSignal(freq=freq)) for freq in (16000, 8000))
    assert expected.compare(actual) == NeuralTypeComparisonResult.SAME_TYPE_INCOMPATIBLE_PARAMS


def test_row_4_17_modules_have_config_dataclasses_that_hydra_builds():
    import hydra

    from nemo.collections.asr.modules.conv_decoder import ConvASRDecoderConfig

    decoder = hydra.utils.instantiate(ConvASRDecoderConfig(feat_in=8, num_classes=2, vocabulary=["a", "b"]))
    assert decoder.num_classes_with_blank == 3
