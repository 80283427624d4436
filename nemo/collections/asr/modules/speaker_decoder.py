"""From encoded frames to a speaker's embedding, and to a score for each speaker of the training data.

encoded [B, H, S] -> pooling over time -> [B, P] -> layers -> embedding [B, E] -> logits [B, V]
B batch, H channels, S encoder frames, V speakers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from nemo.collections.asr.modules.jasper import init_weights
from nemo.collections.asr.modules.speaker_pooling import AttentivePoolLayer, StatsPoolLayer
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AcousticEncodedRepresentation, LengthsType, LogitsType, NeuralType
from nemo.utils.exceptions import ConfigError

EMBEDDING_LAYERS = 2
"""Layers of a group whose result is the embedding; those after them belong to the way to the logits."""


class SpeakerDecoder(NeuralModule, Exportable):
    """Pools over time, computes embeddings and classifies them. Attributes' names are fixed by archives.

    Args:
        feat_in: H, channels of the encoder.
        num_classes: V, speakers of the training data.
        emb_sizes: sizes of the layers after the pooling; the last one is the embedding's. One number: one layer.
        pool_mode: attention (ECAPA-TDNN, TitaNet), xvector (means and deviations), or tap (means).
        angular: logits are products of the embedding's direction and each class's vector, without a bias, for
            :class:`~nemo.collections.asr.losses.angular_softmax.AngularSoftmaxLoss`.
        attention_channels: hidden channels of the attention.
        init_mode: see :func:`~nemo.collections.asr.modules.jasper.init_weights`.

    Raises:
        ConfigError: another `pool_mode`, no sizes, or no classes.
    """

    def __init__(
        self,
        feat_in: int,
        num_classes: int,
        emb_sizes: int | Sequence[int] | None = 256,
        pool_mode: str = "xvector",
        angular: bool = False,
        attention_channels: int = 128,
        init_mode: str | None = "xavier_uniform",
    ) -> None:
        super().__init__()
        sizes = [emb_sizes] if isinstance(emb_sizes, int) else [int(size) for size in emb_sizes or ()]
        if not sizes or min(sizes) < 1:
            raise ConfigError(f"decoder.emb_sizes is {emb_sizes}. Expected one or more numbers above 0; set it.")
        if num_classes < 1:
            raise ConfigError(f"decoder.num_classes is {num_classes}. Expected the number of speakers; set it.")
        self._feat_in = feat_in
        self._num_classes = num_classes
        self._init_mode = init_mode
        self.angular = angular
        self._pooling: AttentivePoolLayer | StatsPoolLayer
        if pool_mode == "attention":
            self._pooling = AttentivePoolLayer(feat_in, attention_channels, init_mode=init_mode)
        elif pool_mode in ("xvector", "tap"):
            self._pooling = StatsPoolLayer(feat_in, pool_mode)
        else:
            raise ConfigError(f"decoder.pool_mode is {pool_mode!r}. Expected attention, xvector or tap; set one.")
        group = _after_attention if pool_mode == "attention" else _after_statistics
        widths = [self._pooling.feat_in, *sizes]
        self.emb_layers = nn.ModuleList(group(*pair) for pair in zip(widths[:-1], widths[1:], strict=True))
        self.final = nn.Linear(sizes[-1], num_classes, bias=not angular)
        self.apply(lambda module: init_weights(module, init_mode))

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Encoded frames and their lengths."""
        return {
            "encoder_output": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation()),
            "length": NeuralType(("B",), LengthsType(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Logits and embeddings."""
        return {
            "logits": NeuralType(("B", "D"), LogitsType()),
            "embs": NeuralType(("B", "D"), AcousticEncodedRepresentation()),
        }

    @typecheck()
    def forward(self, encoder_output: Tensor, length: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Scores and embeds a batch.

        Args:
            encoder_output: [B, H, S].
            length: [B] valid frames; None: all.

        Returns:
            logits [B, V] and embeddings [B, E].
        """
        x = self._pooling(encoder_output, length)
        embeddings = x
        for group in self.emb_layers:
            assert isinstance(group, nn.Sequential)
            embeddings = group[:EMBEDDING_LAYERS](x)
            x = group[EMBEDDING_LAYERS:](embeddings)
        embeddings, x = embeddings.flatten(1), x.flatten(1)
        # recorded outputs of the original: embeddings have length 1 here, and the classes' vectors their own
        return self.final(functional.normalize(x, dim=1) if self.angular else x), embeddings

    def change_classes(self, num_classes: int) -> None:
        """A new, untrained last layer for other speakers; the embedding stays."""
        old = self.final
        self._num_classes = num_classes
        self.final = nn.Linear(old.in_features, num_classes, bias=not self.angular).to(old.weight)
        init_weights(self.final, self._init_mode)

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 256) -> tuple[Tensor, Tensor]:
        """Random encoded frames and lengths, for export."""
        batch, frames = max_batch or 1, max_dim or 256
        device = self.final.weight.device
        example = torch.randn(batch, self._feat_in, frames, device=device)
        return example, torch.full((batch,), frames, device=device)

    @property
    def num_classes(self) -> int:
        """V."""
        return self._num_classes


class _BatchNorm(nn.BatchNorm1d):
    """PyTorch's, which also takes the one recording that is left over in the last batch of an epoch."""

    def forward(self, input: Tensor) -> Tensor:
        """[B, P], or [B, P, 1]."""
        if self.training and len(input) == 1:  # it has no variance: the statistics so far serve
            return functional.batch_norm(
                input, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
            )
        return super().forward(input)


def _after_attention(width: int, size: int) -> nn.Sequential:
    """[B, P, 1] -> [B, E, 1]."""
    return nn.Sequential(_BatchNorm(width), nn.Conv1d(width, size, kernel_size=1))


def _after_statistics(width: int, size: int) -> nn.Sequential:
    """[B, P] -> [B, E]; ReLU comes after the embedding."""
    return nn.Sequential(nn.Linear(width, size), _BatchNorm(size, affine=False), nn.ReLU())
