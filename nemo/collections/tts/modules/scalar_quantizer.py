"""Finite scalar quantisation: each dimension is rounded to a few levels (Mentzer et al., 2024, section 3.1).

vectors [B, D, T] -> squashed, rounded -> codes in [-1, 1] [B, D, T] -> one index for all dimensions [1, B, T]
B batch, D dimensions, T frames.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nemo.collections.tts.modules.codec_layers import mask_padding
from nemo.core.classes.neural_module import NeuralModule
from nemo.utils.exceptions import ConfigError, ShapeError


class FiniteScalarQuantizer(NeuralModule):
    """Rounds every dimension to its levels; gradients pass as if it did not.

    Args:
        num_levels: levels of each dimension; their product is the size of the codebook.
        eps: how much of the outermost levels is cut, so that rounding stays inside.

    Raises:
        ConfigError: a dimension with less than two levels.
    """

    num_levels: Tensor
    dim_base_index: Tensor

    def __init__(self, num_levels: Sequence[int], eps: float = 1e-3) -> None:
        super().__init__()
        levels = [int(each) for each in num_levels]
        if not levels or min(levels) < 2:
            raise ConfigError(f"num_levels is {levels}. Expected two or more levels for each dimension.")
        bases = [math.prod(levels[:dimension]) for dimension in range(len(levels))]
        self.register_buffer("dim_base_index", torch.tensor(bases, dtype=torch.int32)[None, :, None])
        self.register_buffer("num_levels", torch.tensor(levels, dtype=torch.int32)[None, :, None])
        self.eps = eps
        self._levels = levels

    @property
    def codebook_dim(self) -> int:
        """D."""
        return len(self._levels)

    @property
    def codebook_size(self) -> int:
        """How many different indices there are."""
        return math.prod(self._levels)

    @property
    def num_codebooks(self) -> int:
        """1: all dimensions have one index together."""
        return 1

    def forward(self, inputs: Tensor, input_len: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors [B, D, T] with lengths [B] -> the rounded ones [B, D, T] and their indices [1, B, T]."""
        if not torch.jit.is_tracing() and inputs.shape[1] != self.codebook_dim:
            raise ShapeError(
                f"FiniteScalarQuantizer got inputs {list(inputs.shape)}; it expects [B, D={self.codebook_dim}, T]. "
                "Make the encoder's dimension equal to the number of levels."
            )
        squashed = self._squash(inputs)
        rounded = squashed + (squashed.round() - squashed).detach()
        codes = rounded / (self.num_levels // 2)
        return mask_padding(codes, input_len), self._indices(codes, input_len)

    def encode(self, inputs: Tensor, input_len: Tensor) -> Tensor:
        """Vectors [B, D, T] with lengths [B] -> indices [1, B, T]; 0 in the padding."""
        return self(inputs=inputs, input_len=input_len)[1]

    def decode(self, indices: Tensor, input_len: Tensor) -> Tensor:
        """Indices [1, B, T] with lengths [B] -> the rounded vectors [B, D, T]."""
        if not torch.jit.is_tracing() and indices.shape[0] != 1:
            raise ShapeError(
                f"FiniteScalarQuantizer got indices {list(indices.shape)}; it expects [1, B, T], one codebook. For "
                "several use GroupFiniteScalarQuantizer."
            )
        levels = indices[0][:, None] // self.dim_base_index % self.num_levels
        half = self.num_levels // 2
        return mask_padding((levels - half) / half, input_len)

    def _squash(self, inputs: Tensor) -> Tensor:
        """Into the range of the levels; an even number of them is shifted by half a level."""
        scale = (self.num_levels - 1) / 2 * (1 - self.eps)
        offset = torch.where(self.num_levels % 2 == 0, 0.5, 0.0)
        shift = (offset / scale).tan()
        return scale * (inputs + shift).tanh() - offset

    def _indices(self, codes: Tensor, input_len: Tensor) -> Tensor:
        half = self.num_levels // 2
        levels = (codes.detach() * half + half).round().to(torch.int32)
        indices = (levels * self.dim_base_index).sum(dim=1, keepdim=True)
        return mask_padding(indices, input_len).transpose(0, 1).to(torch.int32)


class GroupFiniteScalarQuantizer(NeuralModule):
    """Splits the dimensions into groups; each has its own index.

    Args:
        num_groups: G.
        num_levels_per_group: levels of the dimensions of each group.
        eps: as in :class:`FiniteScalarQuantizer`.
    """

    def __init__(self, num_groups: int, num_levels_per_group: Sequence[int], eps: float = 1e-3) -> None:
        super().__init__()
        self.num_groups = num_groups
        self.fsqs = nn.ModuleList(FiniteScalarQuantizer(num_levels_per_group, eps) for _ in range(num_groups))

    @property
    def num_codebooks(self) -> int:
        """G."""
        return self.num_groups

    @property
    def codebook_dim(self) -> int:
        """D, of all groups together."""
        return sum(self._first.codebook_dim for _ in self.fsqs)

    @property
    def codebook_size_per_group(self) -> int:
        """How many different indices each group has."""
        return self._first.codebook_size

    @property
    def codebook_size(self) -> int:
        """How many different rows of indices there are."""
        return self.codebook_size_per_group**self.num_groups

    @property
    def _first(self) -> FiniteScalarQuantizer:
        return self.fsqs[0]  # type: ignore[return-value]  # all are of this class

    def forward(self, inputs: Tensor, input_len: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors [B, D, T] with lengths [B] -> the rounded ones [B, D, T] and their indices [G, B, T]."""
        if not torch.jit.is_tracing() and inputs.shape[1] != self.codebook_dim:
            raise ShapeError(
                f"GroupFiniteScalarQuantizer got inputs {list(inputs.shape)}; it expects [B, D={self.codebook_dim}, T]."
                " Make the encoder's dimension the number of groups times the number of levels."
            )
        groups = zip(self.fsqs, inputs.chunk(self.num_groups, dim=1), strict=True)
        rounded, indices = zip(*(fsq(inputs=part, input_len=input_len) for fsq, part in groups), strict=True)
        return torch.cat(rounded, dim=1), torch.cat(indices, dim=0)

    def encode(self, inputs: Tensor, input_len: Tensor) -> Tensor:
        """Vectors [B, D, T] with lengths [B] -> indices [G, B, T]; 0 in the padding."""
        return self(inputs=inputs, input_len=input_len)[1]

    def decode(self, indices: Tensor, input_len: Tensor) -> Tensor:
        """Indices [G, B, T] with lengths [B] -> the rounded vectors [B, D, T]."""
        groups = zip(self.fsqs, indices.chunk(self.num_groups, dim=0), strict=True)
        return torch.cat([fsq.decode(indices=part, input_len=input_len) for fsq, part in groups], dim=1)  # type: ignore[operator]  # a FiniteScalarQuantizer
