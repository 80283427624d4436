"""Global style tokens: a voice is a mixture of learnt styles (Wang et al., 2018, section 3)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nemo.core.classes.neural_module import NeuralModule
from nemo.core.neural_types import EncodedRepresentation, LengthsType, MelSpectrogramType, NeuralType
from nemo.utils.exceptions import ConfigError


class StyleAttention(NeuralModule):
    """Mixes learnt styles by attention to them.

    Args:
        gst_size: H, width of what asks and of the result.
        n_style_token: number of styles.
        n_style_attn_head: attention heads; `gst_size` is divided among them.
    """

    def __init__(self, gst_size: int = 128, n_style_token: int = 10, n_style_attn_head: int = 4) -> None:
        super().__init__()
        if gst_size % n_style_attn_head:
            raise ConfigError(
                f"gst_size is {gst_size} and n_style_attn_head {n_style_attn_head}. Expected a multiple of the number "
                "of heads; change one of them."
            )
        width = gst_size // n_style_attn_head
        self.tokens = nn.Parameter(torch.empty(n_style_token, width))
        nn.init.normal_(self.tokens)
        self.mha = nn.MultiheadAttention(gst_size, n_style_attn_head, kdim=width, vdim=width, batch_first=True)

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Vectors of recordings."""
        return {"inputs": NeuralType(("B", "D"), EncodedRepresentation())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Mixtures of styles."""
        return {"style_emb": NeuralType(("B", "D"), EncodedRepresentation())}

    def forward(self, inputs: Tensor) -> Tensor:
        """[B, H] -> [B, H]."""
        styles = torch.tanh(self.tokens)[None].expand(inputs.shape[0], -1, -1)
        mixed, _ = self.mha(inputs[:, None], styles, styles, need_weights=False)
        return mixed[:, 0]


class GlobalStyleToken(NeuralModule):
    """The style of recordings.

    Args:
        reference_encoder: a :class:`~nemo.collections.tts.modules.reference_encoder.ReferenceEncoder` whose
            `gru_hidden` is `gst_size`.
        gst_size: H, width of the result.
        n_style_token: number of learnt styles.
        n_style_attn_head: attention heads.
    """

    def __init__(
        self, reference_encoder: Any, gst_size: int = 128, n_style_token: int = 10, n_style_attn_head: int = 4
    ) -> None:
        super().__init__()
        self.reference_encoder = reference_encoder
        self.style_attention = StyleAttention(gst_size, n_style_token, n_style_attn_head)

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Mel spectrograms with their lengths."""
        return {
            "inp": NeuralType(("B", "D", "T"), MelSpectrogramType()),
            "inp_lengths": NeuralType(tuple("B"), LengthsType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """One vector for each."""
        return {"gst": NeuralType(("B", "D"), EncodedRepresentation())}

    def forward(self, inp: Tensor, inp_lengths: Tensor) -> Tensor:
        """Spectrograms [B, D, R] of `inp_lengths` [B] frames -> [B, H]."""
        return self.style_attention(self.reference_encoder(inp, inp_lengths))
