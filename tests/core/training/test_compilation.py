import logging

import pytest
import torch
import torch._dynamo
from torch import nn

from nemo.core import NeuralModule, typecheck
from nemo.core.neural_types import ChannelType, NeuralType
from nemo.core.training.compilation import compile_modules
from nemo.utils.exceptions import ConfigError
from tests.core.training.small import SpoiledModel, fitted, tiny_config


@pytest.fixture(autouse=True)
def _fresh_compiler():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()
    # the compiler's loggers stop writing when the captured streams are closed
    logging.getLogger("torch").handlers.clear()


class TypedLayer(NeuralModule):
    @property
    def input_types(self):
        return {"x": NeuralType(("B", "D"), ChannelType()), "scale": NeuralType(optional=True)}

    @property
    def output_types(self):
        return {"y": NeuralType(("B", "D"), ChannelType())}

    def __init__(self, width_in, width_out):
        super().__init__()
        self.linear = nn.Linear(width_in, width_out)

    @typecheck()
    def forward(self, x, scale=None):
        return torch.tanh(self.linear(x)) * (1.0 if scale is None else scale)


class TypedEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([TypedLayer(4, 4) for _ in range(6)])
        self.out = TypedLayer(4, 3)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x=x)
        return self.out(x=x, scale=2.0)


class TypedModel(SpoiledModel):
    def __init__(self, cfg, trainer=None):
        super().__init__(cfg, trainer)
        self.encoder = TypedEncoder()
        self.compiled = set()

    def training_step(self, batch, batch_idx):
        self.compiled = {name for name, module in self.named_modules() if module._compiled_call_impl is not None}
        return super().training_step(batch, batch_idx)


def typed(**section):
    torch.manual_seed(4)
    return TypedModel(tiny_config(train_ds={}, compile=section))


def test_typed_modules_are_one_graph_and_their_checks_cost_nothing_in_it():
    explained = torch._dynamo.explain(TypedEncoder())(torch.randn(2, 4))
    assert explained.graph_count == 1 and explained.graph_break_count == 0
    called = {node.target.__name__ for node in explained.graphs[0].graph.nodes if node.op == "call_function"}
    assert called == {"linear", "tanh", "mul"}


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled_encoder_trains_to_the_same_weights_under_the_same_names(tmp_path, backend):
    plain, _ = fitted(typed(enabled=False), tmp_path)
    compiled, _ = fitted(typed(backend=backend, fullgraph=True), tmp_path, max_epochs=1)
    assert plain.compiled == set() and compiled.compiled == {"encoder"}
    assert list(plain.state_dict()) == list(compiled.state_dict())
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(compiled.state_dict()[name], value, rtol=1e-5, atol=1e-6)


def test_run_ends_with_the_plain_model(tmp_path):
    made, _ = fitted(typed(backend="eager"), tmp_path)
    assert all(module._compiled_call_impl is None for module in made.modules())


# the compiler asks every tensor for its gradient
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_equal_layers_compiled_one_by_one_share_their_graph():
    graphs = []

    def counting(graph, inputs):
        graphs.append(graph)
        return graph.forward

    encoder = TypedEncoder()
    assert len(compile_modules(encoder, ["layers.*"], backend=counting, fullgraph=True)) == 6
    x = torch.randn(2, 4)
    torch.testing.assert_close(encoder(x), TypedEncoder.forward(encoder, x))
    assert len(graphs) == 2  # of the first layer, whose input needs no gradient, and of the others


def test_other_lengths_compile_nothing_anew():
    graphs = []

    def counting(graph, inputs):
        graphs.append(graph)
        return graph.forward

    encoder = TypedEncoder()
    compile_modules(encoder, ["layers.0"], dynamic=True, backend=counting)
    for batch in (2, 5, 9):
        assert encoder(torch.randn(batch, 4)).shape == (batch, 3)
    assert len(graphs) == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of what the compiler imports
def test_default_backend_gives_the_same_weights(tmp_path):
    plain, _ = fitted(typed(enabled=False), tmp_path)
    compiled, _ = fitted(typed(modules=["encoder.layers.*"]), tmp_path)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(compiled.state_dict()[name], value, rtol=1e-4, atol=1e-5)


def test_unknown_module_is_named():
    with pytest.raises(ConfigError, match=r"model.compile.modules names 'encodr'.*Expected one of layers, out"):
        compile_modules(TypedEncoder(), ["encodr"])


def test_checkpointed_blocks_are_not_compiled(tmp_path):
    made = TypedModel(tiny_config(train_ds={}, compile={}, activation_checkpointing={}))
    with pytest.raises(ConfigError, match="holds blocks of model.activation_checkpointing"):
        fitted(made, tmp_path)


def test_compiled_model_is_saved_and_traced_as_before(tmp_path):
    made, _ = fitted(typed(backend="eager"), tmp_path)
    made.save_to(str(tmp_path / "model.nemo"))
    again = TypedModel.restore_from(str(tmp_path / "model.nemo"), map_location="cpu")
    x = torch.randn(2, 4)
    assert torch.equal(again(x), made(x))
    assert torch.equal(torch.jit.trace(made.encoder.out.linear, x)(x), made.encoder.out.linear(x))
