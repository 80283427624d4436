"""FastPitch: text to mel spectrograms in parallel, with predicted durations, pitch and energy (Łańcucki, 2021).

tokens [B, U] -> encoder [B, U, H] -> durations, pitch, energy [B, U] -> repeated [B, F, H] -> decoder -> mel [B, D, F]
B batch, U tokens, H hidden, F frames, D mel bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nemo.collections.tts.modules.conditioning import ConditionalInput, ConditionalLayerNorm
from nemo.collections.tts.modules.durations import average_features, regulate_len
from nemo.collections.tts.modules.monotonic_alignment import binarize_attention
from nemo.collections.tts.modules.speaker_encoder import check_speakers
from nemo.core.classes.neural_module import NeuralModule
from nemo.utils.exceptions import ConfigError


class ConvReLUNorm(nn.Module):
    """Convolution over time, rectifier, layer norm, dropout."""

    def __init__(
        self,
        before: int,
        after: int,
        kernel_size: int,
        dropout: float,
        condition_dim: int,
        condition_types: Sequence[str],
    ) -> None:
        super().__init__()
        self.conv = nn.Conv1d(before, after, kernel_size, padding=kernel_size // 2)
        self.norm = ConditionalLayerNorm(after, condition_dim=condition_dim, condition_types=condition_types)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, conditioning: Tensor | None) -> Tensor:
        """[B, T, C] -> [B, T, C']."""
        x = torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        return self.dropout(self.norm(x, conditioning))


class TemporalPredictor(NeuralModule):
    """Predicts one number for each token: its duration, pitch or energy.

    Args:
        input_size: H, width of the encoder.
        filter_size: channels inside.
        kernel_size: of the convolutions.
        dropout: after each layer.
        n_layers: number of layers.
        condition_types: how a speaker's vector conditions it: add, concat, layernorm.
    """

    def __init__(
        self,
        input_size: int,
        filter_size: int,
        kernel_size: int,
        dropout: float,
        n_layers: int = 2,
        condition_types: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.filter_size = filter_size
        self.cond_input = ConditionalInput(input_size, input_size, condition_types)
        widths = [input_size] + [filter_size] * n_layers
        self.layers = nn.ModuleList(
            ConvReLUNorm(before, after, kernel_size, dropout, input_size, condition_types)
            for before, after in zip(widths, widths[1:], strict=False)
        )
        self.fc = nn.Linear(filter_size, 1)

    def forward(self, enc: Tensor, enc_mask: Tensor, conditioning: Tensor | None = None) -> Tensor:
        """Encoded tokens [B, U, H] with a mask [B, U, 1] -> [B, U], 0 where there is padding."""
        x = self.cond_input(enc * enc_mask, conditioning)
        for layer in self.layers:
            x = layer(x, conditioning)
        return (self.fc(x) * enc_mask).squeeze(-1)


class Speech(NamedTuple):
    """What FastPitch computes; the order is that of the original's tuple."""

    spect: Tensor
    """[B, D, F]"""
    num_frames: Tensor
    """[B]"""
    durs_predicted: Tensor
    """[B, U] frames, not rounded."""
    log_durs_predicted: Tensor
    """[B, U] ``log(frames + 1)``."""
    pitch_predicted: Tensor
    """[B, U] normalised."""
    attn_soft: Tensor | None = None
    """[B, 1, F, U]"""
    attn_logprob: Tensor | None = None
    attn_hard: Tensor | None = None
    attn_hard_dur: Tensor | None = None
    """[B, U] frames."""
    pitch: Tensor | None = None
    """[B, U] the pitch that was given, averaged over each token."""
    energy_pred: Tensor | None = None
    energy_tgt: Tensor | None = None


class FastPitchModule(NeuralModule):
    """The network; the model gives it its parts.

    Args:
        encoder_module: tokens to vectors.
        decoder_module: vectors of frames to vectors.
        duration_predictor: of ``log(frames + 1)``.
        pitch_predictor: of the normalised pitch.
        energy_predictor: of energy; None for none.
        aligner: finds durations while training; None where the data has them.
        speaker_encoder: makes vectors of speakers from ids and recordings; None: a table of `n_speakers`.
        n_speakers: number of voices.
        symbols_embedding_dim: H, width of encoder and embeddings.
        pitch_embedding_kernel_size: of the convolution that turns pitch into vectors.
        energy_embedding_kernel_size: the same for energy.
        n_mel_channels: D, mel bands.
        max_token_duration: in frames; longer predictions are cut.
        min_token_duration: in frames; shorter predictions are lengthened.
        use_log_energy: what is learnt and predicted is ``log(energy + 1)``, else the energy itself.
    """

    def __init__(
        self,
        encoder_module: Any,
        decoder_module: Any,
        duration_predictor: Any,
        pitch_predictor: Any,
        energy_predictor: Any = None,
        aligner: Any = None,
        speaker_encoder: Any = None,
        n_speakers: int = 1,
        symbols_embedding_dim: int = 384,
        pitch_embedding_kernel_size: int = 3,
        energy_embedding_kernel_size: int = 3,
        n_mel_channels: int = 80,
        max_token_duration: int = 75,
        min_token_duration: int = 0,
        use_log_energy: bool = True,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder_module, decoder_module
        self.duration_predictor, self.pitch_predictor = duration_predictor, pitch_predictor
        self.energy_predictor, self.aligner, self.speaker_encoder = energy_predictor, aligner, speaker_encoder
        self.min_token_duration, self.max_token_duration = min_token_duration, max_token_duration
        self.use_log_energy = use_log_energy
        self.n_speakers = n_speakers
        if n_speakers > 1 and speaker_encoder is None:
            self.speaker_emb = nn.Embedding(n_speakers, symbols_embedding_dim)
        self.pitch_emb = _scalar_embedding(symbols_embedding_dim, pitch_embedding_kernel_size)
        if energy_predictor is not None:
            self.energy_emb = _scalar_embedding(symbols_embedding_dim, energy_embedding_kernel_size)
        self.register_buffer("pitch_mean", torch.zeros(1))
        self.register_buffer("pitch_std", torch.zeros(1))
        self.proj = nn.Linear(decoder_module.d_model, n_mel_channels)

    @property
    def speaker_table(self) -> nn.Embedding | None:
        """The vectors of the voices that have ids; None where there are none."""
        if self.speaker_encoder is not None:
            lookup = self.speaker_encoder.lookup_module
            return None if lookup is None else lookup.table
        return self.speaker_emb if self.n_speakers > 1 else None

    @property
    def hears_voices(self) -> bool:
        """Whether it takes the voice from recordings."""
        encoder = self.speaker_encoder
        return encoder is not None and encoder.gst_module is not None and encoder.precomputed_emb is None

    def speaker_vectors(
        self,
        texts: int,
        speaker: Tensor | None,
        reference_spec: Tensor | None = None,
        reference_spec_lens: Tensor | None = None,
    ) -> Tensor | None:
        """[B, 1, H] vectors of speakers [B], where B is `texts`; None where there is one voice.

        Raises:
            ConfigError: there are several voices and none is given.
        """
        if self.speaker_encoder is not None:
            found: Tensor | None = self.speaker_encoder(texts, speaker, reference_spec, reference_spec_lens)
            if found is not None:
                return found[:, None]
        if self.n_speakers <= 1:
            return None
        if speaker is None:
            raise ConfigError(
                f"The model has {self.n_speakers} voices and `speaker` is None. Give the ids of speakers, 0 to "
                f"{self.n_speakers - 1}, one for each text."
            )
        check_speakers(speaker, self.n_speakers)
        return self.speaker_emb(speaker)[:, None]

    def forward(
        self,
        *,
        text: Tensor,
        durs: Tensor | None = None,
        pitch: Tensor | None = None,
        energy: Tensor | None = None,
        speaker: Tensor | None = None,
        pace: float | Tensor = 1.0,
        spec: Tensor | None = None,
        attn_prior: Tensor | None = None,
        mel_lens: Tensor | None = None,
        input_lens: Tensor | None = None,
        reference_spec: Tensor | None = None,
        reference_spec_lens: Tensor | None = None,
    ) -> Speech:
        """Mel spectrograms of texts.

        Args:
            text: [B, U] tokens.
            durs: [B, U] frames of each token; None: as aligned with `spec`, or else as predicted.
            pitch: [B, U], or [B, F] frames of `spec`; None: as predicted.
            energy: [B, F] of the frames of `spec`; None: as predicted.
            speaker: [B] ids of voices.
            pace: speed.
            spec: [B, D, F] the recordings' spectrograms: durations are then found in them.
            attn_prior: [B, F, U] how probable each token is in each frame.
            mel_lens: [B] frames of `spec`.
            input_lens: [B] tokens.
            reference_spec: [B, D, R] recordings of the voices, for a speaker encoder.
            reference_spec_lens: [B] their frames.
        """
        voices = self.speaker_vectors(text.shape[0], speaker, reference_spec, reference_spec_lens)
        encoded, mask = self.encoder(input=text, conditioning=voices)
        log_durs, durs_predicted = self._durations(encoded, mask, voices)
        soft = log_probs = hard = hard_durs = None
        if self.aligner is not None and spec is not None:
            soft, log_probs = self._aligned(spec, text, mask, attn_prior, voices)
            assert input_lens is not None
            assert mel_lens is not None
            hard = binarize_attention(soft, input_lens, mel_lens)
            hard_durs = hard.sum(2)[:, 0]
        pitch_predicted = self.pitch_predictor(encoded, mask, conditioning=voices)
        given = hard_durs if hard_durs is not None else durs
        if pitch is not None and given is not None and pitch.shape[-1] != pitch_predicted.shape[-1]:
            pitch = average_features(pitch[:, None], given)[:, 0]
        chosen = pitch_predicted if pitch is None else pitch
        decoder_input = encoded + self.pitch_emb(chosen[:, None]).transpose(1, 2)
        energy_target = self._energy_of_tokens(energy, given)
        decoder_input, energy_predicted = self._with_energy(decoder_input, mask, voices, energy_target)
        frames_of = durs_predicted if given is None else given
        spectrogram, frames = self._decode(decoder_input, frames_of, pace, voices)
        predicted = (durs_predicted, log_durs, pitch_predicted)
        aligned = (soft, log_probs, hard, hard_durs)
        return Speech(spectrogram, frames, *predicted, *aligned, pitch, energy_predicted, energy_target)

    def infer(
        self,
        *,
        text: Tensor,
        pitch: Tensor | None = None,
        speaker: Tensor | None = None,
        energy: Tensor | None = None,
        pace: float | Tensor = 1.0,
        volume: Tensor | None = None,
        reference_spec: Tensor | None = None,
        reference_spec_lens: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor | None]:
        """Mel spectrograms of texts, with a hand on how they are spoken.

        Args:
            text: [B, U] tokens.
            pitch: [B, U], added to the predicted, in standard deviations.
            speaker: [B] ids of voices.
            energy: [B, U] instead of the predicted, as ``log(energy + 1)``.
            pace: speed; [B, U] for one of each token.
            volume: [B, U] of each token.
            reference_spec: as for :meth:`forward`.
            reference_spec_lens: the same.

        Returns:
            mel [B, D, F], frames [B], predicted durations [B, U] and their logarithms, pitch [B, U], and the volume of
            each frame [B, F], None if none is given.
        """
        voices = self.speaker_vectors(text.shape[0], speaker, reference_spec, reference_spec_lens)
        encoded, mask = self.encoder(input=text, conditioning=voices)
        log_durs, durs = self._durations(encoded, mask, voices)
        predicted = self.pitch_predictor(encoded, mask, conditioning=voices)
        if pitch is not None:
            predicted = predicted + pitch
        decoder_input = encoded + self.pitch_emb(predicted[:, None]).transpose(1, 2)
        decoder_input, _ = self._with_energy(decoder_input, mask, voices, energy)
        spectrogram, frames = self._decode(decoder_input, durs, pace, voices)
        volumes = regulate_len(durs, volume[..., None], pace)[0][..., 0].float() if volume is not None else None
        return spectrogram, frames, durs, log_durs, predicted, volumes

    def _aligned(
        self, spec: Tensor, text: Tensor, mask: Tensor, prior: Tensor | None, voices: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The aligner's probabilities of tokens for each frame, and their logarithms."""
        words = self.encoder.word_emb(text).transpose(1, 2)
        found: tuple[Tensor, Tensor] = self.aligner(spec, words, ~mask, prior, conditioning=voices)
        return found

    def _durations(self, encoded: Tensor, mask: Tensor, voices: Tensor | None) -> tuple[Tensor, Tensor]:
        log_durs = self.duration_predictor(encoded, mask, conditioning=voices)
        durs = (log_durs.exp() - 1).clamp(self.min_token_duration, self.max_token_duration)
        return log_durs, durs * mask[..., 0]  # padding has no duration

    def _energy_of_tokens(self, energy: Tensor | None, durations: Tensor | None) -> Tensor | None:
        """What is learnt of the energy of frames, [B, U]; None where it is not learnt or not known."""
        if self.energy_predictor is None or energy is None or durations is None:
            return None
        averaged = average_features(energy[:, None], durations)[:, 0]
        return torch.log(1 + averaged) if self.use_log_energy else averaged

    def _with_energy(
        self, encoded: Tensor, mask: Tensor, voices: Tensor | None, given: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Adds the energy that is given, or else the predicted, which is returned too."""
        if self.energy_predictor is None:
            return encoded, None
        predicted = self.energy_predictor(encoded, mask, conditioning=voices)
        chosen = predicted if given is None else given
        return encoded + self.energy_emb(chosen[:, None]).transpose(1, 2), predicted

    def _decode(
        self, encoded: Tensor, durs: Tensor, pace: float | Tensor, voices: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        spread, frames = regulate_len(durs, encoded, pace)
        if not torch.jit.is_tracing() and spread.shape[1] == 0:  # convolutions know no sequence without frames
            return spread.new_zeros(len(spread), self.proj.out_features, 0), frames
        decoded, _ = self.decoder(input=spread, seq_lens=frames, conditioning=voices)
        spectrogram = self.proj(decoded).transpose(1, 2)
        if not self.training:  # what lasts no frame has no spectrogram, and nobody shall take its padding for one
            spectrogram = spectrogram.masked_fill((frames == 0)[:, None, None], torch.nan)
        return spectrogram, frames


def _scalar_embedding(width: int, kernel_size: int) -> nn.Conv1d:
    return nn.Conv1d(1, width, kernel_size, padding=(kernel_size - 1) // 2)
