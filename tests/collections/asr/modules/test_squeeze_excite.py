"""Squeeze-and-excitation against its formula."""

import torch

from nemo.collections.asr.modules.squeeze_excite import SqueezeExcite


def gate(module, mean):
    return torch.sigmoid(module.fc[2].weight @ torch.relu(module.fc[0].weight @ mean))


def test_channels_are_weighted_by_the_mean_of_valid_frames():
    module = SqueezeExcite(8, 2)
    x, lengths = torch.randn(2, 8, 10), torch.tensor([10, 6])
    y, same = module(x, lengths)
    assert same is lengths
    for row, length in enumerate(lengths.tolist()):
        valid = x[row, :, :length]
        torch.testing.assert_close(y[row, :, :length], valid * gate(module, valid.mean(1))[:, None])
    assert y[1, :, 6:].abs().max() == 0


def test_limited_context_is_a_random_part_in_training_and_all_of_it_otherwise():
    module = SqueezeExcite(8, 2, context_window=3)
    x = torch.randn(1, 8, 10)
    torch.testing.assert_close(module.eval()(x, None)[0][0], x[0] * gate(module, x[0].mean(1))[:, None])
    choices = [x[0] * gate(module, x[0, :, start : start + 3].mean(1))[:, None] for start in range(8)]
    y = module.train()(x, None)[0][0]
    assert min((y - choice).abs().max().item() for choice in choices) < 1e-6


def test_context_can_be_changed():
    module = SqueezeExcite(8, 2)
    module.change_context_window(64)
    assert module.context_window == 64
    module.change_context_window(0)
    assert module.context_window == -1
