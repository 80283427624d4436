"""Export to ONNX and TorchScript: the files compute what PyTorch does, and the module is left as it was."""

import logging
import sys

import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from nemo.core.classes.exportable import Exportable, ExportFormat
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import is_typecheck_enabled, typecheck
from nemo.core.neural_types import AxisKind, AxisType, ChannelType, LengthsType, LogitsType, NeuralType
from nemo.utils.exceptions import ExportError, MissingDependencyError

FEATURES, HIDDEN = 3, 4


class Encoder(NeuralModule, Exportable):
    """A masked convolution of stride 2 with normalization and dropout; `speaker` is only for training."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(FEATURES, HIDDEN, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm1d(HIDDEN)
        self.norm.running_mean.fill_(0.5)
        self.dropout = nn.Dropout(0.5)

    @property
    def input_types(self):
        return {
            "x": NeuralType(("B", "D", "T"), ChannelType()),
            "lengths": NeuralType(tuple("B"), LengthsType()),
            "speaker": NeuralType(("B", "D"), ChannelType(), optional=True),
        }

    @property
    def output_types(self):
        return {"y": NeuralType(("B", "D", "T"), ChannelType()), "lengths": NeuralType(tuple("B"), LengthsType())}

    @property
    def disabled_deployment_input_names(self):
        return {"speaker"}

    def input_example(self, max_batch=2, max_dim=8):
        return torch.randn(max_batch, FEATURES, max_dim), torch.tensor([max_dim, 3])

    @typecheck()
    def forward(self, x, lengths, speaker=None):
        is_valid = torch.arange(x.shape[-1])[None] < lengths[:, None]
        y = self.dropout(self.norm(self.conv(x * is_valid[:, None])))
        return y, (lengths + 1) // 2


class Decoder(NeuralModule, Exportable):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(HIDDEN, 5)

    @property
    def input_types(self):
        return {"y": NeuralType(("B", "D", "T"), ChannelType())}

    @property
    def output_types(self):
        return {"logits": NeuralType(("B", "T", "D"), LogitsType())}

    def input_example(self, max_batch=2, max_dim=8):
        return torch.randn(max_batch, HIDDEN, max_dim)

    @typecheck()
    def forward(self, y):
        return self.linear(y.transpose(1, 2))


class Recognizer(NeuralModule, Exportable):
    """Encoder and decoder; one file, or one each."""

    def __init__(self, split=False):
        super().__init__()
        self.encoder, self.decoder, self.split = Encoder(), Decoder(), split
        self.calls = []

    @property
    def input_module(self):
        return self.encoder

    @property
    def output_module(self):
        return self.decoder

    def list_export_subnets(self):
        return ["encoder", "decoder"] if self.split else ["self"]

    def forward(self, audio):
        raise AssertionError("forward_for_export is traced, not this")

    def forward_for_export(self, x, lengths):
        return self.decoder(y=self.encoder(x=x, lengths=lengths)[0])

    def _prepare_for_export(self, **kwargs):
        self.calls.append(("prepare", sorted(kwargs)))

    def _export_teardown(self):
        self.calls.append("teardown")


def run_onnx(path, **inputs):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [port.name for port in session.get_inputs()] == list(inputs)
    results = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    return [torch.as_tensor(result) for result in results]


def other_size():
    return torch.randn(3, FEATURES, 11), torch.tensor([11, 4, 1])


def test_onnx_file_gives_what_pytorch_does_for_other_batches_and_lengths(tmp_path):
    encoder = Encoder()
    files, descriptions = encoder.export(tmp_path / "encoder.onnx")
    assert files == [str(tmp_path / "encoder.onnx")]
    assert descriptions == ["Encoder exported to ONNX"]
    x, lengths = other_size()
    y, encoded_lengths = run_onnx(files[0], x=x, lengths=lengths)
    expected_y, expected_lengths = encoder.eval()(x=x, lengths=lengths)
    torch.testing.assert_close(y, expected_y, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(encoded_lengths, expected_lengths)


def test_onnx_file_has_opset_names_and_open_axes_of_the_neural_types(tmp_path):
    Encoder().export(tmp_path / "encoder.onnx")
    model = onnx.load(tmp_path / "encoder.onnx")
    assert model.opset_import[0].version == 16
    shapes = {
        port.name: [axis.dim_param or axis.dim_value for axis in port.type.tensor_type.shape.dim]
        for port in [*model.graph.input, *model.graph.output]
    }
    assert shapes == {
        "x": ["batch", FEATURES, "x_time"],
        "lengths": ["batch"],
        "y": ["batch", HIDDEN, "y_time"],
        "lengths_out": ["batch"],  # `lengths` is taken by the input
    }


def test_weights_keep_their_names(tmp_path):
    Recognizer().export(tmp_path / "recognizer.onnx")
    weights = {weight.name for weight in onnx.load(tmp_path / "recognizer.onnx").graph.initializer}
    assert "decoder.linear.bias" in weights


@pytest.mark.parametrize("suffix", [".pt", ".ts"])
def test_torchscript_file_gives_what_pytorch_does(tmp_path, suffix):
    encoder = Encoder()
    files, descriptions = encoder.export(str(tmp_path / f"encoder{suffix}"))
    assert descriptions == ["Encoder exported to TORCHSCRIPT"]
    loaded = torch.jit.load(files[0])
    x, lengths = other_size()
    torch.testing.assert_close(loaded(x, lengths), encoder.eval()(x=x, lengths=lengths))
    assert set(loaded.state_dict()) == set(encoder.state_dict())


def test_module_is_as_it_was_after_the_export(tmp_path):
    encoder = Encoder()
    encoder.norm.eval()
    encoder.conv.weight.requires_grad = False
    encoder.export(tmp_path / "encoder.onnx")
    assert (encoder.training, encoder.conv.training, encoder.norm.training) == (True, True, False)
    assert torch.is_grad_enabled()
    assert is_typecheck_enabled()
    required = {name: parameter.requires_grad for name, parameter in encoder.named_parameters()}
    assert required == {"conv.weight": False, "conv.bias": True, "norm.weight": True, "norm.bias": True}
    with typecheck.disable_checks():
        encoder.export(tmp_path / "encoder.ts")
        assert not is_typecheck_enabled()


def test_failed_export_leaves_no_file_and_the_module_as_it_was(tmp_path):
    class Broken(Recognizer):
        def forward_for_export(self, x, lengths):
            raise KeyError("broken")

    broken = Broken()
    (tmp_path / "broken.onnx").write_text("an older file")
    with pytest.raises(KeyError, match="broken"):
        broken.export(tmp_path / "broken.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["broken.onnx"]
    assert (tmp_path / "broken.onnx").read_text() == "an older file"
    assert broken.training
    assert broken.calls[-1] == "teardown"
    assert is_typecheck_enabled()


def test_forward_for_export_input_module_and_output_module_decide(tmp_path):
    recognizer = Recognizer()
    assert recognizer.input_names == ["x", "lengths"]
    assert recognizer.output_names == ["logits"]
    files, _ = recognizer.export(tmp_path / "recognizer.onnx", check_trace=True, check_tolerance=1e-4)
    x, lengths = other_size()
    (logits,) = run_onnx(files[0], x=x, lengths=lengths)
    expected = recognizer.eval().forward_for_export(x, lengths)
    torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-6)
    assert recognizer.calls[0][0] == "prepare"
    assert {"output", "input_example", "dynamic_axes", "opset"} <= set(recognizer.calls[0][1])
    assert recognizer.calls[1:] == ["teardown"]


def test_module_without_types_is_exported_with_numbered_names(tmp_path):
    class Untyped(nn.Linear, Exportable):
        pass

    module = Untyped(2, 3)
    files, _ = module.export(tmp_path / "untyped.onnx", input_example=torch.ones(1, 2), check_trace=True)
    assert module.input_names == module.output_names == []
    (result,) = run_onnx(files[0], input_0=torch.zeros(1, 2))
    torch.testing.assert_close(result, module.bias.detach()[None])


def test_each_part_becomes_a_file_named_after_it(tmp_path):
    recognizer = Recognizer(split=True)
    files, descriptions = recognizer.export(tmp_path / "r.onnx")
    assert files == [str(tmp_path / "encoder-r.onnx"), str(tmp_path / "decoder-r.onnx")]
    assert descriptions == ["Recognizer.encoder exported to ONNX", "Recognizer.decoder exported to ONNX"]
    y = torch.randn(1, HIDDEN, 5)
    torch.testing.assert_close(run_onnx(files[1], y=y)[0], recognizer.decoder(y=y), rtol=1e-5, atol=1e-6)


def test_part_that_is_not_exportable_is_named(tmp_path):
    recognizer = Recognizer(split=True)
    recognizer.decoder = nn.Linear(2, 2)
    with pytest.raises(ExportError, match="'decoder', a Linear, which is not Exportable"):
        recognizer.export(tmp_path / "r.ts")


@pytest.mark.parametrize("as_keywords", [False, True])
def test_example_may_be_positional_or_by_name(tmp_path, as_keywords):
    encoder = Encoder()
    x, lengths = encoder.input_example()
    example = ({"x": x, "lengths": lengths},) if as_keywords else (x, lengths, None)
    encoder.export(tmp_path / "encoder.ts", input_example=example, check_trace=True)
    torch.testing.assert_close(
        torch.jit.load(tmp_path / "encoder.ts")(x, lengths), encoder.eval()(x=x, lengths=lengths)
    )


def test_missing_example_tells_how_to_give_one(tmp_path):
    class Silent(NeuralModule, Exportable):
        def forward(self, x):
            return x

    with pytest.raises(ExportError, match=r"Pass input_example=.*Silent\.input_example"):
        Silent().export(tmp_path / "silent.onnx")


def test_unknown_suffix_lists_the_known_ones(tmp_path):
    with pytest.raises(ExportError, match=r"'\.tflite'.*\.onnx, \.pt, \.ts"):
        Encoder().export(tmp_path / "encoder.tflite")


class LengthBaked(Decoder):
    """Its result depends on a number that tracing keeps from the example."""

    def forward(self, y):
        return y * int(y.shape[-1].item() if isinstance(y.shape[-1], torch.Tensor) else y.shape[-1])


@pytest.mark.parametrize("suffix", ["onnx", "ts"])
@pytest.mark.filterwarnings("ignore:.*might cause the trace to be incorrect")
def test_check_finds_a_result_that_depends_on_the_traced_length_and_no_file_is_written(tmp_path, suffix):
    examples = [(torch.ones(1, HIDDEN, 8),), (torch.ones(1, HIDDEN, 5),)]
    module = LengthBaked()
    module.export(tmp_path / f"fine.{suffix}", input_example=examples[0], check_trace=examples[:1])
    with pytest.raises(ExportError, match=r"output 0 of .*bad.* differs from PyTorch: by up to 3; allowed is 0.01"):
        module.export(tmp_path / f"bad.{suffix}", input_example=examples[0], check_trace=examples)
    assert not (tmp_path / f"bad.{suffix}").exists()
    assert module.training


def test_axes_given_by_the_caller_replace_those_of_the_types(tmp_path):
    Encoder().export(tmp_path / "encoder.onnx", dynamic_axes={"x": {0: "utterances"}})
    shape = onnx.load(tmp_path / "encoder.onnx").graph.input[0].type.tensor_type.shape.dim
    assert [axis.dim_param or axis.dim_value for axis in shape] == ["utterances", FEATURES, 8]


def test_axis_of_a_fixed_size_is_not_open(tmp_path):
    class Fixed(Decoder):
        @property
        def input_types(self):
            kinds = (AxisKind.Batch, 2), (AxisKind.Dimension, None), (AxisKind.Time, None)
            return {"y": NeuralType([AxisType(kind, size) for kind, size in kinds], ChannelType())}

    Fixed().export(tmp_path / "fixed.onnx")
    shape = onnx.load(tmp_path / "fixed.onnx").graph.input[0].type.tensor_type.shape.dim
    assert [axis.dim_param or axis.dim_value for axis in shape] == [2, HIDDEN, "y_time"]


def test_missing_onnx_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r"neural-modules\[export\]"):
        Encoder().export(tmp_path / "encoder.onnx")


def test_check_without_onnxruntime_warns_and_writes(tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr(logging.getLogger("nemo"), "propagate", True)  # a test before may have set up our own logging
    Encoder().export(tmp_path / "encoder.onnx", check_trace=True)
    assert (tmp_path / "encoder.onnx").exists()
    assert "not compared" in caplog.text


def test_export_config_gathers_options():
    encoder = Encoder()
    encoder.set_export_config({"decoder_type": "ctc"})
    encoder.set_export_config({"cache_support": "True"})
    assert encoder.get_export_config() == {"decoder_type": "ctc", "cache_support": "True"}
    assert Encoder().get_export_config() == {}
    assert {kind.name for kind in ExportFormat} == {"ONNX", "TORCHSCRIPT"}
