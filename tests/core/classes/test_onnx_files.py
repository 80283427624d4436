"""Smaller weights and notes in ONNX files."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from nemo.core.classes import Exportable, onnx_files
from nemo.core.classes.onnx_files import add_metadata, quantize_onnx


class Layers(nn.Module, Exportable):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(64, 256), nn.Linear(256, 32)

    def forward(self, x):
        return self.second(self.first(x).relu())

    def input_example(self):
        return (torch.randn(2, 3, 64),)


@pytest.fixture
def file(tmp_path):
    model = Layers().eval()
    model.export(str(tmp_path / "model.onnx"), dynamic_axes={"input_0": [0, 1]})
    return model, tmp_path / "model.onnx"


def test_int8_is_a_quarter_of_the_size_and_nearly_the_same(file):
    model, path = file
    small = quantize_onnx(path)
    assert small.name == "model.int8.onnx"
    assert small.stat().st_size < 0.35 * path.stat().st_size
    x = torch.randn(5, 7, 64)
    found = onnxruntime.InferenceSession(str(small)).run(None, {"input_0": x.numpy()})[0]
    with torch.no_grad():
        expected = model(x).numpy()
    assert 0 < np.abs(found - expected).max() < 0.03 * np.abs(expected).max()
    assert {"MatMulInteger"} <= {node.op_type for node in onnx.load(small).graph.node}


def test_properties_are_added_and_kept(file):
    _, path = file
    add_metadata(path, {"vocab_size": 5})
    add_metadata(path, {"model_type": "Layers"})
    runtime = onnxruntime.InferenceSession(str(path))
    assert runtime.get_modelmeta().custom_metadata_map == {"vocab_size": "5", "model_type": "Layers"}


@pytest.fixture
def scattering_exporter(monkeypatch):
    """An exporter as PyTorch's is above 2 GB: each weight in a file of its own."""
    export = torch.onnx.export

    def scatter(module, arguments, path, **options):
        export(module, arguments, path, **options)
        model = onnx.load(path)
        onnx.save(model, path, save_as_external_data=True, all_tensors_to_one_file=False, size_threshold=0)

    monkeypatch.setattr(torch.onnx, "export", scatter)
    monkeypatch.setattr(onnx_files, "LARGEST_FILE", 1000)


def test_a_model_too_large_for_one_file_has_its_weights_in_one_other(scattering_exporter, tmp_path):
    model = Layers().eval()
    for _ in range(2):  # also over the files of before
        model.export(str(tmp_path / "model.onnx"), check_trace=True, check_tolerance=1e-5)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", "model.onnx.data"]
    add_metadata(tmp_path / "model.onnx", {"vocab_size": 5})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", "model.onnx.data"]
    assert (tmp_path / "model.onnx").stat().st_size < 5000
    x = model.input_example()[0]
    found = onnxruntime.InferenceSession(str(tmp_path / "model.onnx")).run(None, {"input_0": x.numpy()})[0]
    with torch.no_grad():
        assert np.abs(found - model(x).numpy()).max() < 1e-5
