"""How models of each kind speak tokens: to audio, one for each text.

FastPitch and Tacotron 2 make spectrograms that a vocoder makes audio of, VITS makes audio. Texts of a batch are padded;
what was spoken of the padding is cut off again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from nemo.collections.tts.inference.manner import Manner, check_speaker, pitch_offset
from nemo.collections.tts.inference.mel_settings import check_same_mel, features_of
from nemo.collections.tts.models.base import SpectrogramGenerator, TextToWaveform, Vocoder
from nemo.collections.tts.models.fastpitch import FastPitchModel
from nemo.collections.tts.models.griffin_lim import GriffinLimModel, MelPsuedoInverseModel, TwoStagesModel
from nemo.collections.tts.models.mixer_tts import MixerTTSModel
from nemo.collections.tts.models.tacotron2 import Tacotron2Model
from nemo.collections.tts.models.vits import VitsModel
from nemo.utils.exceptions import ConfigError


@dataclass
class Piece:
    """A sentence that is to be said."""

    sentence: str
    tokens: Tensor
    """[U], as the model's `parse` gives them."""
    speaker: int | None = None


class Voice(ABC):
    """A model of one kind, ready to speak."""

    sample_rate: int
    """Hz."""
    n_speakers: int = 1

    @abstractmethod
    def speak(self, pieces: Sequence[Piece], manner: Manner) -> list[Tensor]:
        """The audio [T] of each piece."""

    def speaker_ids(self, pieces: Sequence[Piece], device: torch.device) -> Tensor | None:
        """[B] ids; None where there is one voice.

        Raises:
            ConfigError: the model has no such voice.
        """
        speakers = [piece.speaker for piece in pieces]
        for speaker in speakers:
            check_speaker(speaker, self.n_speakers)
        return torch.tensor(speakers, device=device) if self.n_speakers > 1 else None


class TwoModelVoice(Voice):
    """A model that makes spectrograms, and a vocoder; without one, Griffin-Lim.

    Raises:
        ConfigError: the two have different spectrograms.
    """

    def __init__(self, model: Any, vocoder: Vocoder | None) -> None:
        if vocoder is not None:
            check_same_mel(model, vocoder)
        features = features_of(model) or features_of(vocoder)
        if features is None:
            raise ConfigError(
                f"Neither {type(model).__name__} nor the vocoder says which sample rate it has. Expected a "
                "preprocessor section in the config of one."
            )
        self.model = model
        self.vocoder = griffin_lim_vocoder(model).to(model.device) if vocoder is None else vocoder
        self.sample_rate = int(features.sample_rate)
        self.n_speakers = int(model.cfg.get("n_speakers") or 1)

    def speak(self, pieces: Sequence[Piece], manner: Manner) -> list[Tensor]:
        """See :meth:`Voice.speak`."""
        found = self.spectrograms(pieces, self.speaker_ids(pieces, self.model.device), manner)
        spectrograms = (each.to(self.vocoder.device) for each in found)
        return [
            self.vocoder.convert_spectrogram_to_audio(spec=each[None])[0] if each.shape[1] else each.new_zeros(0)
            for each in spectrograms
        ]

    def spectrograms(self, pieces: Sequence[Piece], speakers: Tensor | None, manner: Manner) -> list[Tensor]:
        """The spectrogram [D, F] of each piece, one after the other."""
        refuse_changes(self.model, manner)
        options = [{} if speakers is None else {"speaker": number[None]} for number in _each(speakers, len(pieces))]
        return [
            self.model.generate_spectrogram(tokens=piece.tokens[None], **more)[0]
            for piece, more in zip(pieces, options, strict=True)
        ]


class FastPitchVoice(TwoModelVoice):
    """FastPitch: in parallel, with pace and pitch."""

    def spectrograms(self, pieces: Sequence[Piece], speakers: Tensor | None, manner: Manner) -> list[Tensor]:
        """The spectrogram [D, F] of each piece."""
        texts = _padded(pieces, self.model.vocab.pad)
        offset = pitch_offset(self.model, manner.pitch)
        pitch = torch.full(texts.shape, offset, device=texts.device) if offset else None
        spec, frames, *_ = self.model.fastpitch.infer(text=texts, speaker=speakers, pitch=pitch, pace=manner.pace)
        return [each[:, :count] for each, count in zip(spec, frames.tolist(), strict=True)]


class Tacotron2Voice(TwoModelVoice):
    """Tacotron 2: frame after frame, until it says that it has ended."""

    def spectrograms(self, pieces: Sequence[Piece], speakers: Tensor | None, manner: Manner) -> list[Tensor]:
        """The spectrogram [D, F] of each piece."""
        refuse_changes(self.model, manner)
        texts = _padded(pieces, self.model.vocab.pad)
        lengths = torch.tensor([len(piece.tokens) for piece in pieces], device=texts.device)
        encoded = self.model.encoder(self.model.text_embedding(texts).transpose(1, 2), lengths)
        frames, _, _, counts = self.model.decoder(encoded, lengths)
        return [
            self.model.postnet(each[None, :, : max(count, 1)])[0]
            for each, count in zip(frames, counts.tolist(), strict=True)
        ]


class MixerTTSVoice(TwoModelVoice):
    """Mixer-TTS: with pace; Mixer-TTS-X hears the written text, too."""

    def spectrograms(self, pieces: Sequence[Piece], speakers: Tensor | None, manner: Manner) -> list[Tensor]:
        """The spectrogram [D, F] of each piece, one after the other."""
        refuse_changes(self.model, Manner(pitch=manner.pitch))
        return [
            self.model.generate_spectrogram(
                tokens=piece.tokens[None],
                raw_texts=[piece.sentence],
                norm_text_for_lm_model=False,  # it is normalised already, if it is to be
                pace=manner.pace,
            )[0]
            for piece in pieces
        ]


class WaveformVoice(Voice):
    """A model that makes audio of tokens without more."""

    def __init__(self, model: Any, vocoder: Vocoder | None) -> None:
        if vocoder is not None:
            raise ConfigError(
                f"{type(model).__name__} makes audio itself, and a vocoder is given. Leave the vocoder out."
            )
        self.model = model
        self.sample_rate = int(model.sample_rate)
        self.n_speakers = int(model.cfg.get("n_speakers") or 1)

    def speak(self, pieces: Sequence[Piece], manner: Manner) -> list[Tensor]:
        """See :meth:`Voice.speak`."""
        refuse_changes(self.model, manner)
        ids = _each(self.speaker_ids(pieces, self.model.device), len(pieces))
        return [
            self.model.convert_text_to_waveform(
                tokens=piece.tokens[None], **({} if speaker is None else {"speakers": speaker})
            )[0]
            for piece, speaker in zip(pieces, ids, strict=True)
        ]


class VitsVoice(WaveformVoice):
    """VITS: with pace."""

    def speak(self, pieces: Sequence[Piece], manner: Manner) -> list[Tensor]:
        """See :meth:`Voice.speak`."""
        refuse_changes(self.model, Manner(pitch=manner.pitch))
        texts = _padded(pieces, self.model.vocab.pad)
        ids = self.speaker_ids(pieces, self.model.device)
        with torch.nn.utils.parametrize.cached():  # each normalised weight is computed once
            audio, _, frames = self.model(texts, ids, length_scale=1 / manner.pace, max_len=None)
        hop = self.model.net_g.hop_length
        return [each[0, : count * hop] for each, count in zip(audio, frames.tolist(), strict=True)]


KINDS: dict[type, type[TwoModelVoice] | type[WaveformVoice]] = {
    FastPitchModel: FastPitchVoice,
    MixerTTSModel: MixerTTSVoice,
    Tacotron2Model: Tacotron2Voice,
    VitsModel: VitsVoice,
    SpectrogramGenerator: TwoModelVoice,
    TextToWaveform: WaveformVoice,
}
"""Models and what speaks with them; the first that a model is an instance of."""


def voice_of(model: Any, vocoder: Vocoder | None = None) -> Voice:
    """What speaks with a model.

    Raises:
        ConfigError: it reads no texts, or the vocoder does not fit.
    """
    for kind, voice in KINDS.items():
        if isinstance(model, kind):
            return voice(model, vocoder)
    raise ConfigError(
        f"A {type(model).__name__} reads no texts. Expected FastPitchModel, Tacotron2Model, VitsModel or another "
        "SpectrogramGenerator or TextToWaveform."
    )


def griffin_lim_vocoder(model: Any) -> TwoStagesModel:
    """Griffin-Lim for the spectrograms of a model.

    Raises:
        ConfigError: they are no logarithms of magnitudes.
    """
    features = features_of(model)
    if features is None or features.mag_power != 1 or not features.log or features.normalize not in (None, "NA"):
        raise ConfigError(
            f"Griffin-Lim needs the logarithm of mel magnitudes, and {type(model).__name__} has other spectrograms. "
            "Expected mag_power: 1, log: true and normalize: null in its preprocessor; give a vocoder."
        )
    section = model.cfg.preprocessor
    sizes = {"n_fft": features.n_fft, "l_hop": features.hop_length, "n_window_size": features.win_length}
    mel = {
        "sampling_rate": features.sample_rate,
        "n_fft": features.n_fft,
        "mel_fmin": section.get("lowfreq") or 0.0,
        "mel_fmax": section.get("highfreq"),
        "mel_freq": features.nfilt,
    }
    found = TwoStagesModel({})
    found.set_mel_to_spec_model(MelPsuedoInverseModel(mel))
    found.set_linear_vocoder(GriffinLimModel(sizes))
    return found.eval()


def refuse_changes(model: Any, manner: Manner) -> None:
    """Refuses pace and pitch where a model has neither.

    Raises:
        ConfigError: names what was asked for.
    """
    asked = [
        f"{name} {getattr(manner, name)}"
        for name in ("pace", "pitch")
        if getattr(manner, name) != getattr(Manner, name)
    ]
    if asked:
        raise ConfigError(
            f"{' and '.join(asked)} is asked for, and {type(model).__name__} cannot change it. Leave it out, or take "
            "FastPitch, which has both, or Mixer-TTS or VITS, which have pace."
        )


def _padded(pieces: Sequence[Piece], pad: int) -> Tensor:
    """The tokens [B, U]."""
    return pad_sequence([piece.tokens for piece in pieces], batch_first=True, padding_value=pad)


def _each(speakers: Tensor | None, count: int) -> list[Any]:
    return [None] * count if speakers is None else [number for number in speakers[:, None]]
