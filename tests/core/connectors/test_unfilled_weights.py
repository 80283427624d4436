import torch
from torch import nn

from nemo.core.connectors.save_restore_connector import SaveRestoreConnector
from nemo.core.connectors.unfilled_weights import build_unfilled
from tests.core.tiny import TinyModel, tiny_config


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 4)
        self.lstm = nn.LSTM(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.table = nn.Parameter(torch.empty(5).normal_())
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.orthogonal_(self.lstm.weight_hh_l0)
        self.register_buffer("window", torch.empty(4).uniform_(1, 2), persistent=False)


def names(module):
    return dict(module.named_parameters())


def test_no_parameter_is_drawn():
    before = torch.get_rng_state()
    for build in (lambda: nn.Linear(3, 4), lambda: nn.LSTM(3, 4), lambda: nn.Embedding(3, 4)):
        known = names(build())
        torch.set_rng_state(before)
        build_unfilled(build, known)
        assert torch.equal(torch.get_rng_state(), before)


def test_loaded_model_is_as_one_built_in_the_ordinary_way():
    source = Layers()
    ours = build_unfilled(Layers, names(source))
    ours.load_state_dict(source.state_dict())
    for left, right in zip(ours.state_dict().values(), source.state_dict().values(), strict=True):
        assert torch.equal(left, right)


def test_buffers_are_filled():
    model = build_unfilled(Layers, names(Layers()))
    assert ((model.window >= 1) & (model.window <= 2)).all()
    assert torch.equal(model.norm.running_var, torch.ones(4))


def test_parameter_that_will_not_be_loaded_is_filled():
    torch.manual_seed(3)
    expected = nn.Linear(3, 4).weight.clone()
    torch.manual_seed(3)
    model = build_unfilled(lambda: nn.Linear(3, 4), {"bias"})
    assert torch.equal(model.weight, expected)


def test_restoring_draws_no_random_numbers_unless_some_weights_are_kept(tmp_path, monkeypatch):
    TinyModel(tiny_config()).save_to(str(tmp_path / "a.nemo"))
    before = torch.get_rng_state()
    TinyModel.restore_from(str(tmp_path / "a.nemo"), map_location="cpu")
    assert torch.equal(torch.get_rng_state(), before)
    TinyModel.restore_from(str(tmp_path / "a.nemo"), map_location="cpu", strict=False)
    assert not torch.equal(torch.get_rng_state(), before)

    class Dropping(SaveRestoreConnector):
        def modify_state_dict(self, conf, state_dict):
            return {name: value for name, value in state_dict.items() if "decoder" not in name}

        def load_instance_with_state_dict(self, instance, state_dict, strict):
            instance.load_state_dict(state_dict, strict=False)

    torch.manual_seed(5)
    expected = TinyModel(tiny_config()).decoder.weight
    torch.manual_seed(5)
    restored = TinyModel.restore_from(str(tmp_path / "a.nemo"), map_location="cpu", save_restore_connector=Dropping())
    assert torch.equal(restored.decoder.weight, expected)
