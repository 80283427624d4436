"""Tacotron 2: text to mel spectrograms, one frame after the other (Shen et al., 2018).

tokens [B, U] -> embedding [B, E, U] -> encoder [B, U, E] -> decoder with attention: mel [B, D, F] -> postnet [B, D, F]
B batch, U tokens, E embedding, D mel bands, F frames.
"""

from __future__ import annotations

import logging
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.aligner import ConvNorm
from nemo.collections.tts.modules.transformer import lengths_to_mask
from nemo.core.classes.neural_module import NeuralModule

logger = logging.getLogger(__name__)

ENCODER_DROPOUT = 0.5


class LinearNorm(nn.Module):
    """Linear layer whose weights begin as Glorot and Bengio (2010) say."""

    def __init__(self, before: int, after: int, bias: bool = True, gain: Any = "linear") -> None:
        super().__init__()
        self.linear_layer = nn.Linear(before, after, bias=bias)
        nn.init.xavier_uniform_(self.linear_layer.weight, gain=nn.init.calculate_gain(gain))

    def forward(self, x: Tensor) -> Tensor:
        """[..., before] -> [..., after]."""
        return self.linear_layer(x)


class Encoder(NeuralModule):
    """Convolutions and a bidirectional LSTM over embedded tokens.

    Args:
        encoder_n_convolutions: number of convolutions.
        encoder_embedding_dim: E.
        encoder_kernel_size: of the convolutions.
    """

    def __init__(self, encoder_n_convolutions: int, encoder_embedding_dim: int, encoder_kernel_size: int) -> None:
        super().__init__()
        width = encoder_embedding_dim
        self.convolutions = nn.ModuleList(
            nn.Sequential(ConvNorm(width, width, encoder_kernel_size, gain="relu"), nn.BatchNorm1d(width))
            for _ in range(encoder_n_convolutions)
        )
        self.lstm = nn.LSTM(width, width // 2, 1, batch_first=True, bidirectional=True)

    def forward(self, token_embedding: Tensor, token_len: Tensor) -> Tensor:
        """Embedded tokens [B, E, U] with their numbers [B] -> [B, U, E], zero where there is padding."""
        x = token_embedding
        for layer in self.convolutions:
            x = F.dropout(torch.relu(layer(x)), ENCODER_DROPOUT, self.training)
        packed = nn.utils.rnn.pack_padded_sequence(
            x.transpose(1, 2), token_len.cpu(), batch_first=True, enforce_sorted=False
        )
        encoded, _ = nn.utils.rnn.pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=token_embedding.shape[2]
        )
        return encoded


class Prenet(nn.Module):
    """Two linear layers with dropout, on also when it speaks: variety comes from it."""

    def __init__(self, before: int, width: int, p_dropout: float) -> None:
        super().__init__()
        self.p_dropout = p_dropout
        self.layers = nn.ModuleList([LinearNorm(before, width, bias=False), LinearNorm(width, width, bias=False)])

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] -> [..., P]."""
        for layer in self.layers:
            x = F.dropout(torch.relu(layer(x)), self.p_dropout, training=self.p_dropout > 0)
        return x


class LocationLayer(nn.Module):
    """What attention has looked at so far, as features of each token."""

    def __init__(self, filters: int, kernel_size: int, attention_dim: int) -> None:
        super().__init__()
        self.location_conv = ConvNorm(2, filters, kernel_size)
        self.location_conv.conv.bias = None
        self.location_dense = LinearNorm(filters, attention_dim, bias=False, gain="tanh")

    def forward(self, weights: Tensor) -> Tensor:
        """The last and all earlier weights [B, 2, U] -> [B, U, A]."""
        return self.location_dense(self.location_conv(weights).transpose(1, 2))


class Attention(nn.Module):
    """Location-sensitive attention (Chorowski et al., 2015, section 2.2)."""

    def __init__(
        self, rnn_dim: int, embedding_dim: int, attention_dim: int, location_filters: int, location_kernel: int
    ) -> None:
        super().__init__()
        self.query_layer = LinearNorm(rnn_dim, attention_dim, bias=False, gain="tanh")
        self.memory_layer = LinearNorm(embedding_dim, attention_dim, bias=False, gain="tanh")
        self.v = LinearNorm(attention_dim, 1, bias=False)
        self.location_layer = LocationLayer(location_filters, location_kernel, attention_dim)

    def forward(
        self, query: Tensor, memory: Tensor, keys: Tensor, weights: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Looks at the text once.

        Args:
            query: [B, R] state of the attention's LSTM.
            memory: [B, U, E] encoded text.
            keys: [B, U, A] the text as `memory_layer` projects it.
            weights: [B, 2, U] the last weights, and the sum of all.
            mask: [B, U], True where there is no padding.

        Returns:
            What was seen, [B, E], and the weights [B, U].
        """
        energies = self.v(torch.tanh(self.query_layer(query)[:, None] + self.location_layer(weights) + keys))
        found = energies.squeeze(2).masked_fill(~mask, -torch.inf).softmax(dim=1)
        return (found[:, None] @ memory).squeeze(1), found


class Decoder(NeuralModule):
    """Two LSTMs with attention, which write frame after frame until the gate says that all is said.

    Args:
        n_mel_channels: D, mel bands.
        n_frames_per_step: 1; others are not built.
        encoder_embedding_dim: E.
        gate_threshold: probability of the end at which speech ends.
        max_decoder_steps: most frames.
        decoder_rnn_dim: width of the second LSTM.
        p_decoder_dropout: on its state.
        p_attention_dropout: on the state of the first.
        attention_rnn_dim: width of the first LSTM.
        prenet_dim: width of the layers that the last frame goes through.
        prenet_p_dropout: their dropout, always on.
        attention_dim: width in which text and state are compared.
        attention_location_n_filters: filters over the weights so far.
        attention_location_kernel_size: their width.
        early_stopping: stop as soon as every utterance of the batch has ended.
    """

    def __init__(
        self,
        n_mel_channels: int,
        n_frames_per_step: int = 1,
        encoder_embedding_dim: int = 512,
        gate_threshold: float = 0.5,
        max_decoder_steps: int = 1000,
        decoder_rnn_dim: int = 1024,
        p_decoder_dropout: float = 0.1,
        p_attention_dropout: float = 0.1,
        attention_rnn_dim: int = 1024,
        prenet_dim: int = 256,
        prenet_p_dropout: float = 0.5,
        attention_dim: int = 128,
        attention_location_n_filters: int = 32,
        attention_location_kernel_size: int = 31,
        early_stopping: bool = True,
    ) -> None:
        super().__init__()
        self.n_mel_channels, self.n_frames_per_step = n_mel_channels, n_frames_per_step
        self.gate_threshold, self.max_decoder_steps = gate_threshold, max_decoder_steps
        self.p_decoder_dropout, self.p_attention_dropout = p_decoder_dropout, p_attention_dropout
        self.early_stopping = early_stopping
        frame = n_mel_channels * n_frames_per_step
        self.prenet = Prenet(frame, prenet_dim, prenet_p_dropout)
        self.attention_rnn = nn.LSTMCell(prenet_dim + encoder_embedding_dim, attention_rnn_dim)
        self.attention_layer = Attention(
            attention_rnn_dim,
            encoder_embedding_dim,
            attention_dim,
            attention_location_n_filters,
            attention_location_kernel_size,
        )
        self.decoder_rnn = nn.LSTMCell(attention_rnn_dim + encoder_embedding_dim, decoder_rnn_dim)
        self.linear_projection = LinearNorm(decoder_rnn_dim + encoder_embedding_dim, frame)
        self.gate_layer = LinearNorm(decoder_rnn_dim + encoder_embedding_dim, 1, gain="sigmoid")

    def forward(
        self, memory: Tensor, memory_lengths: Tensor, decoder_inputs: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Frames of encoded text.

        Args:
            memory: [B, U, E] encoded text.
            memory_lengths: [B] tokens.
            decoder_inputs: [B, D, F] the right frames, each of which follows from those before; while training.

        Returns:
            Frames [B, D, F], logits of the end [B, F], attention [B, F, U]; without `decoder_inputs` also the number
            of frames [B].
        """
        state = _Speaking(self, memory, memory_lengths)
        if decoder_inputs is not None:
            return self._follow(state, decoder_inputs)
        return self._speak(state)

    def _follow(self, state: _Speaking, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        shifted = F.pad(frames.transpose(1, 2), (0, 0, 1, -1))
        steps = [state.step(frame) for frame in self.prenet(shifted).unbind(dim=1)]
        found, gates, weights = (torch.stack(each, dim=1) for each in zip(*steps, strict=True))
        return found.transpose(1, 2), gates.squeeze(2), weights

    def _speak(self, state: _Speaking) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        batch = len(state.memory)
        frame = state.memory.new_zeros(batch, self.n_mel_channels * self.n_frames_per_step)
        goes_on = torch.ones(batch, dtype=torch.bool, device=frame.device)
        lengths = torch.zeros(batch, dtype=torch.long, device=frame.device)
        steps: list[tuple[Tensor, Tensor, Tensor]] = []
        for _ in range(self.max_decoder_steps):
            frame, gate, weights = state.step(self.prenet(frame))
            goes_on = goes_on & (torch.sigmoid(gate.squeeze(1)) <= self.gate_threshold)
            lengths += goes_on
            if steps and self.early_stopping and not goes_on.any():
                break  # the frame that says that all is said is none of the speech
            steps.append((frame, gate, weights))
        else:
            if goes_on.any():
                logger.warning(
                    "%d of %d texts did not end within %d frames: they are cut. Was the model trained long enough?",
                    int(goes_on.sum()),
                    batch,
                    self.max_decoder_steps,
                )
        found, gates, attention = (torch.stack(each, dim=1) for each in zip(*steps, strict=True))
        return found.transpose(1, 2), gates.squeeze(2), attention, lengths


class _Speaking:
    """The state of a decoder in the middle of an utterance."""

    def __init__(self, decoder: Decoder, memory: Tensor, lengths: Tensor) -> None:
        self.decoder, self.memory = decoder, memory
        self.mask = lengths_to_mask(lengths, memory.shape[1])[..., 0]
        self.keys = decoder.attention_layer.memory_layer(memory)
        batch, tokens, width = memory.shape
        self.weights = memory.new_zeros(batch, 2, tokens)
        self.context = memory.new_zeros(batch, width)
        sizes = (decoder.attention_rnn.hidden_size, decoder.decoder_rnn.hidden_size)
        zeros = [(memory.new_zeros(batch, size), memory.new_zeros(batch, size)) for size in sizes]
        self.attention_state, self.decoder_state = zeros

    def step(self, frame: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The next frame [B, D], its gate [B, 1] and its attention [B, U], from the last [B, P] after the prenet."""
        decoder = self.decoder
        hidden, cell = decoder.attention_rnn(torch.cat([frame, self.context], dim=1), self.attention_state)
        hidden = F.dropout(hidden, decoder.p_attention_dropout, decoder.training)
        self.attention_state = (hidden, cell)
        self.context, weights = decoder.attention_layer(hidden, self.memory, self.keys, self.weights, self.mask)
        self.weights = torch.stack([weights, self.weights[:, 1] + weights], dim=1)
        hidden, cell = decoder.decoder_rnn(torch.cat([hidden, self.context], dim=1), self.decoder_state)
        hidden = F.dropout(hidden, decoder.p_decoder_dropout, decoder.training)
        self.decoder_state = (hidden, cell)
        seen = torch.cat([hidden, self.context], dim=1)
        return decoder.linear_projection(seen), decoder.gate_layer(seen), weights


class Postnet(NeuralModule):
    """Convolutions that add detail to a spectrogram.

    Args:
        n_mel_channels: D, mel bands.
        postnet_embedding_dim: channels inside.
        postnet_kernel_size: of the convolutions.
        postnet_n_convolutions: number of convolutions.
        p_dropout: after each, while training.
    """

    def __init__(
        self,
        n_mel_channels: int,
        postnet_embedding_dim: int,
        postnet_kernel_size: int,
        postnet_n_convolutions: int,
        p_dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.p_dropout = p_dropout
        inside = [postnet_embedding_dim] * (postnet_n_convolutions - 1)
        widths = [n_mel_channels, *inside, n_mel_channels]
        self.convolutions = nn.ModuleList(
            nn.Sequential(
                ConvNorm(before, after, postnet_kernel_size, gain="tanh" if number < len(inside) else "linear"),
                nn.BatchNorm1d(after),
            )
            for number, (before, after) in enumerate(zip(widths, widths[1:], strict=False))
        )

    def forward(self, mel_spec: Tensor) -> Tensor:
        """[B, D, F] -> [B, D, F]: the spectrogram, with what the convolutions add."""
        x = mel_spec
        last = len(self.convolutions) - 1
        for number, layer in enumerate(self.convolutions):
            x = layer(x) if number == last else torch.tanh(layer(x))
            x = F.dropout(x, self.p_dropout, self.training)
        return mel_spec + x
