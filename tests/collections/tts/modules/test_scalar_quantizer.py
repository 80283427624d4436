"""Finite scalar quantisation: codes and indices stand for each other, rounding is to the nearest level."""

import itertools

import pytest
import torch

from nemo.collections.tts.modules.scalar_quantizer import FiniteScalarQuantizer, GroupFiniteScalarQuantizer
from nemo.utils.exceptions import ConfigError, ShapeError

LEVELS = [4, 3, 5]


def test_every_index_has_one_code_and_every_code_one_index():
    fsq = FiniteScalarQuantizer(LEVELS)
    assert (fsq.codebook_size, fsq.codebook_dim) == (60, 3)
    indices, length = torch.arange(60, dtype=torch.int32)[None, None], torch.tensor([60])
    codes = fsq.decode(indices=indices, input_len=length)
    rows = {tuple(code) for code in codes[0].T.tolist()}
    steps = {4: [-1, -0.5, 0, 0.5], 3: [-1, 0, 1], 5: [-1, -0.5, 0, 0.5, 1]}
    assert rows == set(itertools.product(*(steps[levels] for levels in LEVELS)))
    assert torch.equal(fsq._indices(codes, length), indices)


def test_all_levels_are_reached_and_no_other():
    fsq = FiniteScalarQuantizer(LEVELS)
    inputs = torch.linspace(-9, 9, 501).expand(1, 3, -1)
    codes, indices = fsq(inputs=inputs, input_len=torch.tensor([501]))
    assert [len(dimension.unique()) for dimension in codes[0]] == LEVELS
    assert torch.equal(codes, fsq.decode(indices=indices, input_len=torch.tensor([501])))
    assert (codes.diff(dim=2) >= 0).all()
    assert torch.equal(codes[0, :, 250], torch.zeros(3))  # 0 is a level, also where there is an even number of them


def test_gradients_pass_through_the_rounding_and_padding_is_zero():
    fsq = FiniteScalarQuantizer([5])
    inputs = torch.randn(2, 1, 4, requires_grad=True)
    codes, indices = fsq(inputs=inputs, input_len=torch.tensor([4, 2]))
    codes.sum().backward()
    slope = 2 * (1 - 1e-3) * (1 - inputs.detach().tanh() ** 2) / 2
    slope[1, :, 2:] = 0
    torch.testing.assert_close(inputs.grad, slope)
    assert indices[0, 1, 2:].tolist() == [0, 0] and codes[1, 0, 2:].tolist() == [0, 0]


def test_groups_are_quantised_apart():
    torch.manual_seed(0)
    grouped, length = GroupFiniteScalarQuantizer(2, LEVELS), torch.tensor([7])
    inputs = torch.randn(1, 6, 7)
    codes, indices = grouped(inputs=inputs, input_len=length)
    assert indices.shape == (2, 1, 7) and grouped.num_codebooks == 2 and grouped.codebook_dim == 6
    for group in range(2):
        alone, index = FiniteScalarQuantizer(LEVELS)(inputs=inputs[:, 3 * group : 3 * group + 3], input_len=length)
        assert torch.equal(codes[:, 3 * group : 3 * group + 3], alone) and torch.equal(indices[group], index[0])
    assert torch.equal(grouped.decode(indices=indices, input_len=length), codes)


def test_what_does_not_fit_is_named():
    with pytest.raises(ConfigError, match=r"num_levels is \[4, 1\]"):
        FiniteScalarQuantizer([4, 1])
    with pytest.raises(ShapeError, match="D=3"):
        FiniteScalarQuantizer(LEVELS)(inputs=torch.zeros(1, 4, 2), input_len=torch.tensor([2]))
    with pytest.raises(ShapeError, match="one codebook"):
        FiniteScalarQuantizer(LEVELS).decode(indices=torch.zeros(2, 1, 3), input_len=torch.tensor([3]))
