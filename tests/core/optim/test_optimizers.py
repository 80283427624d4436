import dataclasses
import io

import pytest
import torch
from omegaconf import OmegaConf

from nemo.core.config.optimizers import AVAILABLE_OPTIMIZER_PARAMS, NovogradParams, SGDParams, get_optimizer_config
from nemo.core.optim.optimizers import (
    AVAILABLE_OPTIMIZERS,
    get_optimizer,
    parse_optimizer_args,
    register_optimizer,
)

SEED_ORDER = ["sgd", "adam", "adamw", "adadelta", "adamax", "adagrad", "rmsprop", "rprop", "novograd"]


@pytest.fixture
def _clean_registries():
    optimizers, params = dict(AVAILABLE_OPTIMIZERS), dict(AVAILABLE_OPTIMIZER_PARAMS)
    yield
    for registry, saved in ((AVAILABLE_OPTIMIZERS, optimizers), (AVAILABLE_OPTIMIZER_PARAMS, params)):
        registry.clear()
        registry.update(saved)


def test_registry_begins_with_the_seed_s_names_in_its_order():
    assert list(AVAILABLE_OPTIMIZERS)[: len(SEED_ORDER)] == SEED_ORDER
    assert str(AVAILABLE_OPTIMIZERS["novograd"]) == "<class 'nemo.core.optim.novograd.Novograd'>"
    assert AVAILABLE_OPTIMIZERS["adam"] is torch.optim.Adam


@pytest.mark.parametrize("name", list(AVAILABLE_OPTIMIZERS))
def test_every_optimizer_is_built_by_name_and_lowers_a_loss(name):
    torch.manual_seed(0)
    layer = torch.nn.Linear(4, 1)
    inputs, targets = torch.randn(16, 4), torch.randn(16, 1)
    kwargs = {} if name == "adafactor" else {"lr": 0.01}
    optimizer = get_optimizer(name)(layer.parameters(), **kwargs)
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(layer(inputs), targets)
        loss.backward()
        return loss

    for _ in range(20):
        losses.append(optimizer.step(closure).item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", list(AVAILABLE_OPTIMIZERS))
def test_state_survives_a_weights_only_checkpoint_and_training_continues_alike(name):
    config = OmegaConf.create({} if name == "adafactor" else {"lr": 0.01})
    if name in ("adam", "novograd"):
        config.betas = [0.9, 0.5]

    def train(params, optimizer, steps):
        for step in range(steps):
            for p in params:
                p.grad = torch.full_like(p, 0.1 * (step + 1))
            optimizer.step()

    params = [torch.nn.Parameter(torch.ones(3, 2)), torch.nn.Parameter(torch.ones(2))]
    optimizer = get_optimizer(name, **config)(params)
    train(params, optimizer, 2)
    file = io.BytesIO()
    torch.save({"params": [p.detach() for p in params], "optimizer": optimizer.state_dict()}, file)
    train(params, optimizer, 3)

    file.seek(0)
    saved = torch.load(file, weights_only=True)
    resumed = [torch.nn.Parameter(p) for p in saved["params"]]
    other = get_optimizer(name, **config)(resumed)
    other.load_state_dict(saved["optimizer"])
    train(resumed, other, 3)
    for ours, theirs in zip(resumed, params, strict=True):
        assert torch.equal(ours, theirs)


def test_unknown_optimizer_is_refused_with_the_known_names():
    with pytest.raises(ValueError, match="no optimizer 'adm'.*adam, adamw"):
        get_optimizer("adm")


@pytest.mark.skipif(torch.cuda.is_available(), reason="fused_adam is only refused without CUDA")
def test_fused_adam_needs_cuda():
    with pytest.raises(ValueError, match="needs a CUDA device"):
        get_optimizer("fused_adam")


@pytest.mark.usefixtures("_clean_registries")
def test_a_registered_optimizer_is_found_with_its_params():
    class TempOpt(torch.optim.SGD):
        pass

    @dataclasses.dataclass
    class TempOptParams(SGDParams):
        pass

    register_optimizer("TempOpt", TempOpt, TempOptParams)
    assert get_optimizer_config("TempOpt_params")() == TempOptParams()
    optimizer = get_optimizer("TempOpt", lr=0.1)([torch.nn.Parameter(torch.zeros(1))])
    assert isinstance(optimizer, TempOpt)
    with pytest.raises(ValueError, match="is taken"):
        register_optimizer("TempOpt", TempOpt, TempOptParams)


def test_parse_optimizer_args_takes_every_form():
    assert parse_optimizer_args("novograd", None) == {}
    assert parse_optimizer_args("novograd", {"betas": [0.9, 0.1]}) == {"betas": [0.9, 0.1]}
    assert parse_optimizer_args("novograd", OmegaConf.create({"eps": 1})) == {"eps": 1}

    auto = parse_optimizer_args("novograd", {"name": "auto", "params": {"betas": [0.95, 0.25], "lr": 1}})
    assert auto == {**vars(NovogradParams()), "betas": [0.95, 0.25], "lr": 1}
    named = parse_optimizer_args("anything", {"name": "novograd_params", "params": {"eps": 1e-3}})
    assert named["eps"] == 1e-3
    by_target = {"_target_": "nemo.core.config.NovogradParams", "params": {"weight_decay": 0.5}}
    assert parse_optimizer_args("novograd", by_target)["weight_decay"] == 0.5

    with pytest.raises(ValueError, match="no optimizer parameters called 'novo_params'"):
        parse_optimizer_args("novograd", {"name": "novo_params"})
