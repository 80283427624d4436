"""Gradients, running statistics and random numbers are those of plain training, to the bit."""

import copy

import pytest
import torch
from torch import nn

from nemo.core.training.activation_checkpointing import blocks_of, checkpoint_block, is_checkpointed
from nemo.utils.exceptions import ConfigError
from tests.core.training.small import SpoiledModel, fitted, tiny_config


class Block(nn.Module):
    def __init__(self, width, norm):
        super().__init__()
        self.linear, self.norm, self.dropout = nn.Linear(width, width), norm, nn.Dropout(0.3)

    def forward(self, x, scale=1.0):
        return x + scale * self.dropout(torch.relu(self.norm(self.linear(x))))


class Deep(nn.Module):
    """Four blocks in `layers`; its smaller row, `head`, holds fewer parameters."""

    def __init__(self, momentum=0.1):
        super().__init__()
        self.layers = nn.ModuleList(Block(8, nn.BatchNorm1d(8, momentum=momentum)) for _ in range(4))
        self.head = nn.Sequential(nn.Linear(8, 8), nn.ReLU(inplace=True))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x, scale=0.5)
        return self.head(x)


def step(module, x, autocast=False):
    """Gradients of a pass with dropout, and the buffers after it."""
    torch.manual_seed(5)
    x = x.clone().requires_grad_(True)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        out = module(x)
    out.float().pow(2).sum().backward()
    return [
        out.detach(),
        x.grad,
        *(p.grad.clone() for p in module.parameters()),
        *(b.clone() for b in module.buffers()),
    ]


@pytest.mark.parametrize("momentum", [0.1, None], ids=["moving average", "cumulative average"])
@pytest.mark.parametrize("autocast", [False, True])
def test_gradients_and_statistics_are_those_of_plain_training(momentum, autocast):
    plain = Deep(momentum)
    checkpointed = copy.deepcopy(plain)
    for block in blocks_of(checkpointed, "encoder"):
        checkpoint_block(block)
    x = torch.randn(6, 8)
    for _ in range(2):
        ours, theirs = step(checkpointed, x, autocast), step(plain, x, autocast)
        assert len(ours) == len(theirs) == 2 + 18 + 12
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert {int(layer.norm.num_batches_tracked) for layer in checkpointed.layers} == {2}
    assert {layer.norm.momentum for layer in checkpointed.layers} == {momentum}
    assert list(checkpointed.state_dict()) == list(plain.state_dict())


def test_inner_results_are_not_kept():
    x = torch.randn(6, 8, requires_grad=True)

    def kept(module):
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: sizes.append(t.numel()) or t, lambda t: t):
            module(x)
        return sum(sizes)

    plain = Deep()
    checkpointed = copy.deepcopy(plain)
    for block in checkpointed.layers:
        checkpoint_block(block)
    assert kept(checkpointed) < 0.3 * kept(plain)


def test_block_outside_of_training_is_plain():
    block = Block(4, nn.LayerNorm(4))
    checkpoint_block(block)
    x = torch.randn(2, 4)
    with torch.no_grad():
        assert block(x).requires_grad is False
    assert torch.equal(block.eval()(x), Block.forward(block, x))


def test_row_with_most_parameters_holds_the_blocks():
    module = Deep()
    assert blocks_of(module, "encoder") == list(module.layers)
    assert blocks_of(row := nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), "encoder") == list(row)
    with pytest.raises(ConfigError, match="names 'encoder', a Linear without a row of blocks"):
        blocks_of(nn.Linear(2, 2), "encoder")


class DeepModel(SpoiledModel):
    def __init__(self, cfg, trainer=None):
        super().__init__(cfg, trainer)
        self.encoder = nn.Sequential(nn.Linear(4, 8), Deep(), nn.Linear(8, 3))
        self.checkpointed = []

    def training_step(self, batch, batch_idx):
        self.checkpointed = [is_checkpointed(layer) for layer in self.encoder[1].layers]
        return super().training_step(batch, batch_idx)


def deep(**section):
    torch.manual_seed(2)
    return DeepModel(tiny_config(train_ds={}, activation_checkpointing=section))


def test_run_with_checkpointed_blocks_gives_the_plain_weights_and_ends_plain(tmp_path):
    plain, _ = fitted(deep(enabled=False), tmp_path)
    second, _ = fitted(deep(modules=["encoder.1"], every=2), tmp_path)
    assert plain.checkpointed == [False] * 4 and second.checkpointed == [True, False, True, False]
    assert not any(map(is_checkpointed, second.modules()))
    for name, value in plain.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name


def test_run_that_fails_ends_plain_too(tmp_path):
    made = deep(modules=["encoder.1.layers"])
    made.spoil = lambda loss, x, index: 1 / 0
    with pytest.raises(ZeroDivisionError):
        fitted(made, tmp_path)
    assert made.checkpointed == [True] * 4 and not any(map(is_checkpointed, made.modules()))


def test_every_below_one_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="every is 0"):
        deep(every=0).configure_callbacks()
