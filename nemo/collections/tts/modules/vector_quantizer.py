"""Residual vector quantisation: each codebook quantises what the ones before left (Zeghidour et al., 2021, III-C).

vectors [B, D, T] -> nearest vectors of N codebooks, summed [B, D, T]; their indices [N, B, T]
B batch, D dimensions, T frames, N codebooks.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.codec_layers import mask_padding
from nemo.collections.tts.modules.transformer import lengths_to_mask
from nemo.core.classes.neural_module import NeuralModule
from nemo.utils.exceptions import ConfigError

SMOOTHING = 1e-5
"""Added to the counts of codes, so that none is 0."""


class EuclideanCodebook(nn.Module):
    """Vectors that follow the means of what they stand for (van den Oord et al., 2017, appendix A.1).

    Args:
        codebook_size: K, vectors.
        codebook_dim: D.
        decay: of the moving means.
        threshold: codes that stand for fewer vectors of a batch, in the moving mean, are drawn anew from it.
        kmeans_iters: turns of k-means with which the first batch fills the codebook.
    """

    codes: Tensor
    codes_avg: Tensor
    cluster_size: Tensor
    initialized: Tensor

    def __init__(
        self, codebook_size: int, codebook_dim: int, decay: float, threshold: float, kmeans_iters: int
    ) -> None:
        super().__init__()
        self.decay, self.threshold, self.kmeans_iters = decay, threshold, kmeans_iters
        codes = torch.zeros(codebook_size, codebook_dim)
        nn.init.kaiming_uniform_(codes)
        self.register_buffer("initialized", torch.zeros(1))
        self.register_buffer("codes", codes)
        self.register_buffer("codes_avg", codes.clone())
        self.register_buffer("cluster_size", torch.zeros(codebook_size))

    def nearest(self, vectors: Tensor) -> Tensor:
        """[M, D] -> [M] indices."""
        if torch.jit.is_tracing():  # in ONNX cdist would keep the difference of every vector from every code
            return (self.codes.square().sum(dim=1) - 2 * vectors.float() @ self.codes.T).argmin(dim=1)
        return torch.cdist(vectors.float(), self.codes).argmin(dim=1)

    @torch.no_grad()
    def learn(self, vectors: Tensor) -> None:
        """Moves the codes towards vectors [M, D] of a batch."""
        vectors = vectors.float()
        if not bool(self.initialized):
            self._begin(vectors)
        counts, sums = _sums(vectors, self.nearest(vectors), len(self.codes))
        _sum_over_processes(counts, sums)
        self.cluster_size.lerp_(counts, 1 - self.decay)
        self.codes_avg.lerp_(sums, 1 - self.decay)
        total = self.cluster_size.sum()
        smoothed = (self.cluster_size + SMOOTHING) / (total + len(self.codes) * SMOOTHING) * total
        self.codes.copy_(self.codes_avg / smoothed[:, None])
        self._replace(self.cluster_size < self.threshold, vectors)

    def _begin(self, vectors: Tensor) -> None:
        codes = _draw(vectors, len(self.codes))
        for _ in range(self.kmeans_iters):
            counts, sums = _sums(vectors, torch.cdist(vectors, codes).argmin(dim=1), len(codes))
            codes = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], codes)
        counts, sums = _sums(vectors, torch.cdist(vectors, codes).argmin(dim=1), len(codes))
        self.codes.copy_(codes)
        self.codes_avg.copy_(sums)
        self.cluster_size.copy_(counts)
        self.initialized.fill_(1)
        _take_from_first_process(self.codes, self.codes_avg, self.cluster_size)

    def _replace(self, unused: Tensor, vectors: Tensor) -> None:
        drawn = _draw(vectors, len(self.codes))
        _take_from_first_process(drawn)
        self.codes.copy_(torch.where(unused[:, None], drawn, self.codes))
        self.codes_avg.copy_(torch.where(unused[:, None], drawn * self.threshold, self.codes_avg))
        self.cluster_size.masked_fill_(unused, self.threshold)


def _draw(vectors: Tensor, count: int) -> Tensor:
    """[count, D]; each vector once where there are enough."""
    enough = len(vectors) >= count
    chosen = torch.randperm(len(vectors))[:count] if enough else torch.randint(len(vectors), (count,))
    return vectors[chosen.to(vectors.device)].clone()


def _sums(vectors: Tensor, indices: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """How many vectors have each index [K], and their sums [K, D]."""
    counts = torch.bincount(indices, minlength=size).to(vectors.dtype)
    return counts, torch.zeros(size, vectors.shape[1], device=vectors.device).index_add_(0, indices, vectors)


def _sum_over_processes(*values: Tensor) -> None:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        for value in values:
            torch.distributed.all_reduce(value)


def _take_from_first_process(*values: Tensor) -> None:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        for value in values:
            torch.distributed.broadcast(value, 0)


def _mean_square(difference: Tensor, valid: Tensor) -> Tensor:
    """Of [B, D, T] where `valid` [B, T] is True: of each item, then of the batch."""
    squares = difference.square().mean(dim=1) * valid
    return (squares.sum(dim=1) / valid.sum(dim=1).clamp(min=1)).mean()


class ResidualVectorQuantizer(NeuralModule):
    """Codebooks one after the other.

    Args:
        num_codebooks: N.
        commit_loss_scale: weight of the distance of vectors from their codes.
        codebook_size: vectors of each.
        codebook_dim: D.
        decay: of the moving means with which codes follow their vectors.
        threshold: see :class:`EuclideanCodebook`.
        kmeans_iters: see :class:`EuclideanCodebook`.
    """

    def __init__(
        self,
        num_codebooks: int = 8,
        commit_loss_scale: float = 1.0,
        codebook_size: int = 1024,
        codebook_dim: int = 128,
        decay: float = 0.99,
        threshold: float = 2.0,
        kmeans_iters: int = 50,
    ) -> None:
        super().__init__()
        self.codebook_dim, self.codebook_size, self.commit_loss_scale = codebook_dim, codebook_size, commit_loss_scale
        self.codebooks = nn.ModuleList(
            EuclideanCodebook(codebook_size, codebook_dim, decay, threshold, kmeans_iters) for _ in range(num_codebooks)
        )

    @property
    def num_codebooks(self) -> int:
        """N."""
        return len(self.codebooks)

    def forward(self, inputs: Tensor, input_len: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors [B, D, T] with lengths [B] -> the quantised ones [B, D, T], indices [N, B, T], commitment loss.

        While training the codebooks learn, and gradients pass as if nothing were quantised.
        """
        valid = lengths_to_mask(input_len, inputs.shape[2])[..., 0]
        residual, total = inputs, torch.zeros_like(inputs)
        indices, losses = [], []
        for codebook in self.codebooks:
            assert isinstance(codebook, EuclideanCodebook)
            vectors = residual.detach().transpose(1, 2)
            if self.training:
                codebook.learn(vectors[valid])
            found = codebook.nearest(vectors.flatten(0, 1)).unflatten(0, vectors.shape[:2])
            quantized = F.embedding(found, codebook.codes).transpose(1, 2).to(inputs.dtype)
            losses.append(_mean_square(residual - quantized, valid))
            residual, total = residual - quantized, total + quantized
            indices.append(found * valid)
        through = inputs + (total - inputs).detach() if self.training else total
        loss = self.commit_loss_scale * torch.stack(losses).sum()
        return mask_padding(through, input_len), torch.stack(indices).to(torch.int32), loss

    def encode(self, inputs: Tensor, input_len: Tensor) -> Tensor:
        """Vectors [B, D, T] with lengths [B] -> indices [N, B, T]; 0 in the padding."""
        return self(inputs=inputs, input_len=input_len)[1]

    def decode(self, indices: Tensor, input_len: Tensor) -> Tensor:
        """Indices [N, B, T] with lengths [B] -> vectors [B, D, T]; the first codebooks alone are a coarser code."""
        parts = [
            F.embedding(part.long(), codebook.codes)  # type: ignore[arg-type]  # an EuclideanCodebook
            for part, codebook in zip(indices.unbind(), self.codebooks, strict=False)
        ]
        return mask_padding(torch.stack(parts).sum(dim=0).transpose(1, 2), input_len)


class GroupResidualVectorQuantizer(NeuralModule):
    """Splits the dimensions into groups; each has its own codebooks.

    Args:
        num_codebooks: N, of all groups together.
        num_groups: G.
        codebook_dim: D, of all groups together.
        kwargs: for :class:`ResidualVectorQuantizer`.

    Raises:
        ConfigError: codebooks or dimensions that cannot be split.
    """

    def __init__(self, num_codebooks: int, num_groups: int, codebook_dim: int, **kwargs: Any) -> None:
        super().__init__()
        if num_codebooks % num_groups or codebook_dim % num_groups:
            raise ConfigError(
                f"vector_quantizer.num_groups is {num_groups}, num_codebooks {num_codebooks} and codebook_dim "
                f"{codebook_dim}. Expected a divisor of both as the number of groups."
            )
        self.num_codebooks, self.num_groups, self.codebook_dim = num_codebooks, num_groups, codebook_dim
        self.rvqs = nn.ModuleList(
            ResidualVectorQuantizer(
                num_codebooks=num_codebooks // num_groups, codebook_dim=codebook_dim // num_groups, **kwargs
            )
            for _ in range(num_groups)
        )

    @property
    def codebook_size(self) -> int:
        """Vectors of each codebook."""
        return self.rvqs[0].codebook_size  # type: ignore[return-value]  # an int

    def forward(self, inputs: Tensor, input_len: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors [B, D, T] with lengths [B] -> the quantised ones, indices [N, B, T], mean commitment loss."""
        groups = zip(self.rvqs, inputs.chunk(self.num_groups, dim=1), strict=True)
        quantized, indices, losses = zip(*(rvq(inputs=part, input_len=input_len) for rvq, part in groups), strict=True)
        return torch.cat(quantized, dim=1), torch.cat(indices, dim=0), torch.stack(losses).mean()

    def encode(self, inputs: Tensor, input_len: Tensor) -> Tensor:
        """Vectors [B, D, T] with lengths [B] -> indices [N, B, T]; 0 in the padding."""
        return self(inputs=inputs, input_len=input_len)[1]

    def decode(self, indices: Tensor, input_len: Tensor) -> Tensor:
        """Indices [N, B, T] with lengths [B] -> vectors [B, D, T]."""
        groups = zip(self.rvqs, indices.chunk(self.num_groups, dim=0), strict=True)
        return torch.cat([rvq.decode(indices=part, input_len=input_len) for rvq, part in groups], dim=1)  # type: ignore[operator]  # a ResidualVectorQuantizer
