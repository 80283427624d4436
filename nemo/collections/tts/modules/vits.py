"""VITS: text to audio in one network, a variational autoencoder with a flow (Kim, Kong and Son, 2021).

training: spectrogram [B, N, F] -> posterior z [B, C, F] -> a piece of it -> decoder -> audio
          z -> flow -> compared with the prior of the text, whose tokens the best monotonic path spreads over frames
speaking: text -> prior, durations -> frames -> flow backwards -> z -> decoder -> audio
B batch, N frequencies, F frames, C channels, U tokens, G width of a speaker's vector.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nemo.collections.tts.modules.durations import regulate_len
from nemo.collections.tts.modules.hifigan import RESIDUAL_BLOCKS, generate
from nemo.collections.tts.modules.monotonic_alignment import best_path
from nemo.collections.tts.modules.transformer import lengths_to_mask
from nemo.collections.tts.modules.vits_durations import DurationPredictor, Flip, StochasticDurationPredictor
from nemo.collections.tts.modules.vits_layers import GatedConvolutions
from nemo.collections.tts.modules.vits_text_encoder import TextEncoder
from nemo.collections.tts.modules.weight_norm import weight_norm
from nemo.core.classes.neural_module import NeuralModule
from nemo.utils.exceptions import ConfigError

COUPLINGS = 4


class PosteriorEncoder(nn.Module):
    """Means and log-deviations of z, and z drawn from them, by a linear spectrogram."""

    def __init__(self, in_channels: int, out_channels: int, hidden_channels: int, gin_channels: int) -> None:
        super().__init__()
        self.pre = nn.Conv1d(in_channels, hidden_channels, 1)
        self.enc = GatedConvolutions(hidden_channels, 5, 16, gin_channels)
        self.proj = nn.Conv1d(hidden_channels, 2 * out_channels, 1)

    def forward(self, spec: Tensor, mask: Tensor, g: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """[B, N, F] -> z, means and log-deviations, [B, C, F] each."""
        x = self.proj(self.enc(self.pre(spec) * mask, mask, g)) * mask
        means, log_deviations = x.chunk(2, dim=1)
        return (means + torch.randn_like(means) * log_deviations.exp()) * mask, means, log_deviations


class MeanCoupling(nn.Module):
    """One half of the channels shifts the other."""

    def __init__(self, channels: int, hidden_channels: int, gin_channels: int) -> None:
        super().__init__()
        self.pre = nn.Conv1d(channels // 2, hidden_channels, 1)
        self.enc = GatedConvolutions(hidden_channels, 5, 4, gin_channels)
        self.post = nn.Conv1d(hidden_channels, channels // 2, 1)
        nn.init.zeros_(self.post.weight)
        nn.init.zeros_(self.post.bias)  # type: ignore[arg-type]  # it has one

    def shift(self, kept: Tensor, mask: Tensor, g: Tensor | None) -> Tensor:
        """[B, C / 2, F] of the other half."""
        return self.post(self.enc(self.pre(kept) * mask, mask, g)) * mask


class CouplingFlow(nn.Module):
    """Couplings, with the channels flipped after each; volumes stay as they are."""

    def __init__(self, channels: int, hidden_channels: int, gin_channels: int) -> None:
        super().__init__()
        pairs = [(MeanCoupling(channels, hidden_channels, gin_channels), Flip()) for _ in range(COUPLINGS)]
        self.flows = nn.ModuleList([layer for pair in pairs for layer in pair])

    def forward(self, z: Tensor, mask: Tensor, g: Tensor | None = None, *, inverse: bool = False) -> Tensor:
        """[B, C, F] -> [B, C, F]."""
        couplings = [layer for layer in self.flows if isinstance(layer, MeanCoupling)]
        for coupling in reversed(couplings) if inverse else couplings:
            kept, changed = (z.flip(1) if inverse else z).chunk(2, dim=1)
            shift = coupling.shift(kept, mask, g)
            changed = (changed - shift if inverse else changed + shift) * mask
            z = torch.cat([kept, changed], dim=1)
            z = z if inverse else z.flip(1)
        return z


class Decoder(nn.Module):
    """HiFi-GAN's generator over z, with a speaker."""

    def __init__(
        self,
        initial_channel: int,
        resblock: int | str,
        resblock_kernel_sizes: Sequence[int],
        resblock_dilation_sizes: Sequence[Sequence[int]],
        upsample_rates: Sequence[int],
        upsample_initial_channel: int,
        upsample_kernel_sizes: Sequence[int],
        gin_channels: int,
    ) -> None:
        super().__init__()
        block = RESIDUAL_BLOCKS[int(resblock)]
        self.kernels = len(resblock_kernel_sizes)
        self.conv_pre = nn.Conv1d(initial_channel, upsample_initial_channel, 7, padding=3)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        channels = upsample_initial_channel
        for rate, kernel in zip(upsample_rates, upsample_kernel_sizes, strict=True):
            widening = nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2)
            nn.init.normal_(widening.weight, 0.0, 0.01)
            self.ups.append(weight_norm(widening))
            channels //= 2
            sizes = zip(resblock_kernel_sizes, resblock_dilation_sizes, strict=True)
            self.resblocks.extend(block(channels, size, dilations) for size, dilations in sizes)
        self.conv_post = nn.Conv1d(channels, 1, 7, padding=3, bias=False)
        if gin_channels:
            self.cond = nn.Conv1d(gin_channels, upsample_initial_channel, 1)

    def forward(self, z: Tensor, g: Tensor | None = None) -> Tensor:
        """[B, C, F] -> audio [B, 1, T]."""
        x = self.conv_pre(z)
        x = x if g is None else x + self.cond(g)
        blocks = list(self.resblocks)
        groups = [blocks[start : start + self.kernels] for start in range(0, len(blocks), self.kernels)]
        return generate(x, self.ups, groups, self.conv_post)


class Trained(NamedTuple):
    """What a training step needs; F frames, P frames of the pieces."""

    audio: Tensor
    """[B, 1, P * hop] of the pieces."""
    duration_loss: Tensor
    """The sum over tokens, divided by how many there are."""
    attention: Tensor
    """[B, F, U], 1 on the best path."""
    starts: Tensor
    """[B] first frame of each piece."""
    mask: Tensor
    """[B, 1, F]."""
    flowed: Tensor
    """[B, C, F], z after the flow."""
    prior_means: Tensor
    """[B, C, F], as are the two others."""
    prior_log_deviations: Tensor
    posterior_log_deviations: Tensor


class SynthesizerTrn(NeuralModule):
    """The whole generator.

    Args:
        n_vocab: tokens.
        spec_channels: N.
        segment_size: P, frames of the pieces that are decoded while training.
        inter_channels: C, even.
        hidden_channels: of the encoders and the flow.
        filter_channels: of the text encoder's feed-forward layers.
        n_heads: of the text encoder.
        n_layers: of it.
        kernel_size: of it.
        p_dropout: of it; the drawn durations have 0.5, as the paper's.
        resblock: 1 or 2; this and the following are those of HiFi-GAN's generator.
        resblock_kernel_sizes: see there.
        resblock_dilation_sizes: see there.
        upsample_rates: see there; their product is the hop of the spectrogram.
        upsample_initial_channel: see there.
        upsample_kernel_sizes: see there.
        padding_idx: the token that is padding.
        n_speakers: voices; below 2 there is no embedding of them.
        gin_channels: G.
        use_sdp: draw durations by a flow; else predict them.

    Raises:
        ConfigError: voices without a width of their vectors, or an unknown kind of block.
    """

    def __init__(
        self,
        n_vocab: int,
        spec_channels: int,
        segment_size: int,
        inter_channels: int,
        hidden_channels: int,
        filter_channels: int,
        n_heads: int,
        n_layers: int,
        kernel_size: int,
        p_dropout: float,
        resblock: int | str,
        resblock_kernel_sizes: Sequence[int],
        resblock_dilation_sizes: Sequence[Sequence[int]],
        upsample_rates: Sequence[int],
        upsample_initial_channel: int,
        upsample_kernel_sizes: Sequence[int],
        padding_idx: int | None = None,
        n_speakers: int = 0,
        gin_channels: int = 0,
        use_sdp: bool = True,
    ) -> None:
        super().__init__()
        width = _speaker_width(n_speakers, gin_channels)
        _check_block(resblock)
        self.segment_size, self.n_speakers = segment_size, n_speakers
        self.hop_length = math.prod(upsample_rates)
        self.enc_p = TextEncoder(
            n_vocab,
            inter_channels,
            hidden_channels,
            filter_channels,
            n_heads,
            n_layers,
            kernel_size,
            p_dropout,
            padding_idx,
        )
        self.dec = Decoder(
            inter_channels,
            resblock,
            resblock_kernel_sizes,
            resblock_dilation_sizes,
            upsample_rates,
            upsample_initial_channel,
            upsample_kernel_sizes,
            width,
        )
        self.enc_q = PosteriorEncoder(spec_channels, inter_channels, hidden_channels, width)
        self.flow = CouplingFlow(inter_channels, hidden_channels, width)
        self.dp: nn.Module = (
            StochasticDurationPredictor(hidden_channels, 3, 0.5, width)
            if use_sdp
            else DurationPredictor(hidden_channels, 256, 3, 0.5, width)
        )
        if width:
            self.emb_g = nn.Embedding(n_speakers, gin_channels)

    def forward(
        self, text: Tensor, text_len: Tensor, spec: Tensor, spec_len: Tensor, speakers: Tensor | None = None
    ) -> Trained:
        """What training compares.

        Args:
            text: [B, U].
            text_len: [B].
            spec: [B, N, F] linear spectrograms.
            spec_len: [B] frames, at least `segment_size` and at least as many as tokens.
            speakers: [B] ids, where there are voices.
        """
        x, means, log_deviations, text_mask = self.enc_p(text, text_len)
        g = self._voice(speakers)
        mask = lengths_to_mask(spec_len, spec.shape[2]).transpose(1, 2).to(spec.dtype)
        z, _, posterior_log_deviations = self.enc_q(spec, mask, g)
        flowed = self.flow(z, mask, g)
        attention = self._align(flowed, means, log_deviations, text_len, spec_len)
        durations = attention.sum(dim=1, keepdim=True)
        duration_loss = self.dp.loss(x, text_mask, durations, g).sum() / text_mask.sum()  # type: ignore[operator]  # both have it
        starts = (torch.rand(len(z), device=z.device) * (spec_len - self.segment_size + 1).clamp(min=1)).long()
        frames = starts[:, None] + torch.arange(self.segment_size, device=z.device)
        piece = z.gather(2, frames[:, None].expand(-1, z.shape[1], -1))
        spread = attention.transpose(1, 2)  # [B, U, F]
        return Trained(
            self.dec(piece, g),
            duration_loss,
            attention,
            starts,
            mask,
            flowed,
            means @ spread,
            log_deviations @ spread,
            posterior_log_deviations,
        )

    @torch.no_grad()
    def _align(
        self, flowed: Tensor, means: Tensor, log_deviations: Tensor, text_len: Tensor, spec_len: Tensor
    ) -> Tensor:
        """[B, F, U]: the monotonic path on which the prior makes z most probable."""
        precision = torch.exp(-2 * log_deviations)
        constant = (-0.5 * math.log(2 * math.pi) - log_deviations - 0.5 * means.square() * precision).sum(dim=1)
        z = flowed.transpose(1, 2)
        log_probs = constant[:, None] - 0.5 * z.square() @ precision + z @ (means * precision)
        path = best_path(log_probs.float().cpu().numpy(), text_len.cpu().numpy(), spec_len.cpu().numpy())
        return torch.from_numpy(path).to(device=z.device, dtype=z.dtype)

    @torch.no_grad()
    def infer(
        self,
        text: Tensor,
        text_len: Tensor,
        speakers: Tensor | None = None,
        noise_scale: float | Tensor = 1.0,
        length_scale: float | Tensor = 1.0,
        noise_scale_w: float | Tensor = 1.0,
        max_len: int | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Audio of texts.

        Args:
            text: [B, U].
            text_len: [B].
            speakers: [B] ids, where there are voices.
            noise_scale: deviation of z, relative to the prior's.
            length_scale: factor of the durations; above 1 is slower.
            noise_scale_w: deviation of the noise that durations are drawn from.
            max_len: frames after which the audio is cut.

        Returns:
            [B, 1, T] audio, [B, U] frames of each token, [B] frames.
        """
        x, means, log_deviations, text_mask = self.enc_p(text, text_len)
        g = self._voice(speakers)
        log_durations = self.dp(x, text_mask, g, noise_scale=noise_scale_w)
        durations = torch.ceil(log_durations.exp() * text_mask * length_scale)[:, 0]
        frames = durations.sum(dim=1).clamp(min=1).long()
        means, log_deviations = (
            regulate_len(durations, each.transpose(1, 2))[0].transpose(1, 2) for each in (means, log_deviations)
        )
        mask = lengths_to_mask(frames, means.shape[2]).transpose(1, 2).to(means.dtype)
        prior = means + torch.randn_like(means) * log_deviations.exp() * noise_scale
        z = self.flow(prior, mask, g, inverse=True)
        return self.dec((z * mask)[:, :, :max_len], g), durations, frames

    def _voice(self, speakers: Tensor | None) -> Tensor | None:
        """[B, G, 1]; None where there is one voice."""
        if self.n_speakers < 2:
            return None
        if speakers is None:
            raise ConfigError(
                f"The model has {self.n_speakers} voices and `speakers` is None. Give the id of one, 0 to "
                f"{self.n_speakers - 1}, for each text."
            )
        if not torch.jit.is_tracing() and (int(speakers.min()) < 0 or int(speakers.max()) >= self.n_speakers):
            raise ConfigError(f"`speakers` has {speakers.tolist()}. Expected ids from 0 to {self.n_speakers - 1}.")
        return self.emb_g(speakers)[..., None]


def _speaker_width(n_speakers: int, gin_channels: int) -> int:
    """Width of speakers' vectors; 0 where there is one voice."""
    if n_speakers < 2:
        return 0
    if not gin_channels:
        raise ConfigError(f"synthesizer.n_speakers is {n_speakers} and gin_channels 0. Give the vectors a width.")
    return gin_channels


def _check_block(resblock: int | str) -> None:
    if int(resblock) not in RESIDUAL_BLOCKS:
        raise ConfigError(f"synthesizer.resblock is {resblock!r}. Expected 1 or 2.")
