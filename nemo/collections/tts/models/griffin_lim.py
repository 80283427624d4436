"""Audio without a trained vocoder: mel spectrograms are widened to linear ones, whose phases are then found.

log-mel [B, D, F] -> exp -> pseudo-inverse of the mel filters -> magnitudes [B, N, F] -> Griffin-Lim -> audio [B, T]
B batch, D mel bands, F frames, N n_fft // 2 + 1 frequencies, T samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import MISSING, OmegaConf, open_dict
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.aliases import public_path
from nemo.collections.common.audio.mel_filterbank import mel_filterbank
from nemo.collections.tts.models.base import KEYS_OF_USERS, LinVocoder, MelToSpec, Vocoder
from nemo.collections.tts.modules.griffin_lim import griffin_lim
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError, ShapeError

KNOWN = (*KEYS_OF_USERS, *TRAINING_KEYS)


@dataclass
class MelPsuedoInverseModelConfig:
    """`model` section; the values are those of the mel spectrograms."""

    sampling_rate: int = MISSING
    """Hz."""
    n_fft: int = MISSING
    mel_fmin: float = 0.0
    """Hz."""
    mel_fmax: float | None = None
    """Hz; null: half the sampling rate."""
    mel_freq: int = 80
    """D, mel bands."""


class MelPsuedoInverseModel(MelToSpec):
    """Mel spectrograms to linear ones by the pseudo-inverse of the filters; nothing is learnt.

    Args:
        cfg: a :class:`MelPsuedoInverseModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; it has nothing to do.
    """

    mel_pseudo_inverse: Tensor

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("sampling_rate", "n_fft")
        super().__init__(with_defaults(MelPsuedoInverseModelConfig, cfg, also=KNOWN, mandatory=parts), trainer)
        cfg = self.cfg
        filters = mel_filterbank(cfg.sampling_rate, cfg.n_fft, cfg.mel_freq, cfg.mel_fmin, cfg.mel_fmax)
        self.register_buffer("mel_pseudo_inverse", torch.linalg.pinv(filters), persistent=False)

    def convert_mel_spectrogram_to_linear(self, mel: Tensor, **kwargs: Any) -> Tensor:
        """Magnitudes [B, N, F] of mel magnitudes [B, D, F], which are not logarithms; `kwargs` are for other models."""
        if mel.dim() != 3 or mel.shape[1] != self.cfg.mel_freq:
            raise ShapeError(
                f"MelPsuedoInverseModel got mel {list(mel.shape)}; it expects [B, D={self.cfg.mel_freq}, F]. Transpose "
                "the last two dimensions, or set mel_freq to the number of bands."
            )
        return (self.mel_pseudo_inverse @ mel).clamp(min=0.0)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """None: it has no weights."""
        return []


@dataclass
class GriffinLimModelConfig:
    """`model` section; the values are those of the spectrograms."""

    n_iters: int = 60
    """Turns of synthesis and analysis."""
    n_fft: int = MISSING
    l_hop: int = MISSING
    """Samples between frames."""
    n_window_size: int | None = None
    """Samples of the Hann window; null: n_fft."""
    momentum: float = 0.99
    """0: the algorithm of 1984."""


class GriffinLimModel(LinVocoder):
    """Audio of linear spectrograms by the algorithm of Griffin and Lim; nothing is learnt.

    Args:
        cfg: a :class:`GriffinLimModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; it has nothing to do.

    Raises:
        ConfigError: a momentum that does not settle.
    """

    window: Tensor

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        super().__init__(with_defaults(GriffinLimModelConfig, cfg, also=KNOWN, mandatory=("n_fft", "l_hop")), trainer)
        if not 0 <= self.cfg.momentum < 1:
            raise ConfigError(f"model.momentum is {self.cfg.momentum}. Expected a number from 0 to below 1.")
        size = self.cfg.n_fft if self.cfg.n_window_size is None else self.cfg.n_window_size
        self.register_buffer("window", torch.hann_window(size), persistent=False)

    @torch.no_grad()
    def convert_linear_spectrogram_to_audio(self, spec: Tensor, **kwargs: Any) -> Tensor:
        """Audio [B, T] of magnitudes [B, N, F]; `kwargs` are for other models."""
        cfg = self.cfg
        if spec.dim() != 3 or spec.shape[1] != cfg.n_fft // 2 + 1:
            raise ShapeError(
                f"GriffinLimModel got spec {list(spec.shape)}; it expects [B, N={cfg.n_fft // 2 + 1}, F]. Set n_fft to "
                "the one of the spectrograms, or transpose the last two dimensions."
            )
        return griffin_lim(spec, self.window, cfg.n_fft, cfg.l_hop, cfg.n_iters, cfg.momentum)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """None: it has no weights."""
        return []


@dataclass
class TwoStagesModelConfig:
    """`model` section; each part is a `_target_` with its own section under `cfg`."""

    mel2spec: Any = None
    """A :class:`~nemo.collections.tts.models.base.MelToSpec`."""
    linvocoder: Any = None
    """A :class:`~nemo.collections.tts.models.base.LinVocoder`."""


class TwoStagesModel(Vocoder):
    """Audio of log-mel spectrograms by two models, one after the other.

    Args:
        cfg: a :class:`TwoStagesModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; it has nothing to do.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        super().__init__(with_defaults(TwoStagesModelConfig, cfg, also=KNOWN), trainer)
        self.mel2spec: MelToSpec | None = self._stage(self.cfg.mel2spec)
        self.linvocoder: LinVocoder | None = self._stage(self.cfg.linvocoder)

    def _stage(self, section: Any) -> Any:
        return None if section is None else self.from_config_dict(section)

    def set_mel_to_spec_model(self, mel2spec: MelToSpec) -> None:
        """Takes another first stage; archives then have it."""
        self.mel2spec = mel2spec
        self._remember("mel2spec", mel2spec)

    def set_linear_vocoder(self, linvocoder: LinVocoder) -> None:
        """Takes another second stage; archives then have it."""
        self.linvocoder = linvocoder
        self._remember("linvocoder", linvocoder)

    def _remember(self, key: str, stage: Any) -> None:
        with open_dict(self._cfg):
            section = {"_target_": public_path(type(stage)), "cfg": OmegaConf.to_container(stage.cfg)}
            self._cfg[key] = OmegaConf.create(section)

    def get_mel_to_spec_model(self) -> MelToSpec | None:
        """The first stage."""
        return self.mel2spec

    def get_linear_vocoder(self) -> LinVocoder | None:
        """The second stage."""
        return self.linvocoder

    @torch.no_grad()
    def convert_spectrogram_to_audio(self, spec: Tensor, **kwargs: Any) -> Tensor:
        """Audio [B, T] of log-mel spectrograms [B, D, F]; `kwargs` are for other vocoders.

        Raises:
            ConfigError: one of the stages is not there.
        """
        if self.mel2spec is None or self.linvocoder is None:
            raise ConfigError(
                "This TwoStagesModel lacks a stage. Give model.mel2spec and model.linvocoder, or call "
                "set_mel_to_spec_model() and set_linear_vocoder()."
            )
        linear = self.mel2spec.convert_mel_spectrogram_to_linear(spec.exp())
        return self.linvocoder.convert_linear_spectrogram_to_audio(linear)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """None: its stages have what weights there are."""
        return []
