"""The two networks that an audio codec is exported to: audio to tokens, and tokens to audio.

encoder: audio [B, T], audio_len [B] -> tokens [B, C, F], tokens_len [B]
decoder: tokens [B, C, F], tokens_len [B] -> audio [B, T], audio_len [B]
B batch, T samples, C codebooks, F frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.neural_types import AudioSignal, LengthsType, NeuralType, TokenIndex

if TYPE_CHECKING:
    from nemo.collections.tts.models.audio_codec import AudioCodecModel


class _CodecPart(NeuralModule, Exportable):
    """Shares the networks of a model.

    Args:
        codec: the model; it needs a quantizer.
    """

    def __init__(self, codec: AudioCodecModel) -> None:
        super().__init__()
        self.codec = codec

    @property
    def properties_for_export(self) -> dict[str, object]:
        """What a program needs to know of the audio."""
        return {"sample_rate": self.codec.sample_rate, "samples_per_frame": self.codec.samples_per_frame}

    def audio_types(self) -> dict[str, NeuralType]:
        """Audio with its lengths."""
        audio = NeuralType(("B", "T"), AudioSignal(self.codec.sample_rate))
        return {"audio": audio, "audio_len": NeuralType(tuple("B"), LengthsType())}

    def tokens_types(self) -> dict[str, NeuralType]:
        """Tokens with their lengths."""
        tokens = NeuralType(("B", "D", "T"), TokenIndex())
        return {"tokens": tokens, "tokens_len": NeuralType(tuple("B"), LengthsType())}


class CodecEncoder(_CodecPart):
    """Audio to tokens."""

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Audio with its lengths."""
        return self.audio_types()

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Tokens with their lengths."""
        return self.tokens_types()

    def forward(self, audio: Tensor, audio_len: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`~nemo.collections.tts.models.audio_codec.AudioCodecModel.encode`."""
        return self.codec.encode(audio=audio, audio_len=audio_len)

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 32) -> tuple[Tensor, Tensor]:
        """Noise of `max_dim` frames, the last of which is not whole."""
        batch, samples = max_batch or 1, (max_dim or 32) * self.codec.samples_per_frame - 1
        device = self.codec.device
        return 0.1 * torch.randn(batch, samples, device=device), torch.full((batch,), samples, device=device)


class CodecDecoder(_CodecPart):
    """Tokens to audio."""

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Tokens with their lengths."""
        return self.tokens_types()

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Audio with its lengths."""
        return self.audio_types()

    def forward(self, tokens: Tensor, tokens_len: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`~nemo.collections.tts.models.audio_codec.AudioCodecModel.decode`."""
        return self.codec.decode(tokens=tokens, tokens_len=tokens_len)

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 32) -> tuple[Tensor, Tensor]:
        """Random tokens, of the two that every codebook has."""
        batch, frames, device = max_batch or 1, max_dim or 32, self.codec.device
        quantizer: Any = self.codec.vector_quantizer
        size = (batch, quantizer.num_codebooks, frames)
        tokens = torch.randint(0, 2, size, dtype=torch.int32, device=device)
        return tokens, torch.full((batch,), frames, device=device)
