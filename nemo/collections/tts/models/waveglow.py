"""WaveGlow: a vocoder that is trained by likelihood alone (Prenger, Valle and Catanzaro, 2019).

audio [B, T] -> mel [B, D, F]; audio, mel -> flows -> noise [B, G, T / G], as likely as can be
mel, noise -> flows backwards -> audio [B, T]
B batch, T samples, D mel bands, F frames, G group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import MISSING
from pytorch_lightning import Trainer
from torch import Tensor, nn

from nemo.collections.tts.data.padding import audio_of
from nemo.collections.tts.losses.waveglow import WaveGlowLoss
from nemo.collections.tts.models.base import KEYS_OF_USERS, GlowVocoder
from nemo.collections.tts.modules.denoising import magnitudes_and_phases, subtract_magnitudes
from nemo.collections.tts.modules.waveglow import HOP, WaveGlowModule
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import AudioSignal, MelSpectrogramType, NeuralType, NormalDistributionSamplesType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

FRAMES_OF_SILENCE = 88
"""What the vocoder's own sound is measured on."""


@dataclass
class WaveGlowModelConfig:
    """`model` section."""

    preprocessor: Any = MISSING
    """The mel spectrograms that the flows see."""
    waveglow: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.waveglow.WaveGlowModule`."""
    sigma: float = 1.0
    """Deviation of the noise while training."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class WaveGlowModel(GlowVocoder, Exportable):
    """Vocoder of invertible flows.

    Args:
        cfg: a :class:`WaveGlowModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    waveglow: WaveGlowModule

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        parts = ("preprocessor", "waveglow")
        super().__init__(with_defaults(WaveGlowModelConfig, cfg, also=known, mandatory=parts), trainer)
        self.audio_to_melspec_precessor = self.from_config_dict(self.cfg.preprocessor)  # the name is that of archives
        self.waveglow = self.from_config_dict(self.cfg.waveglow)
        hop = self.audio_to_melspec_precessor.hop_length
        if hop != HOP:
            raise ConfigError(
                f"model.preprocessor.n_window_stride is {hop}, and WaveGlow makes {HOP} samples of a frame. Set it to "
                f"{HOP}."
            )
        self.loss = WaveGlowLoss()
        self._inverse_matrices: list[Tensor] | None = None

    # ------------------------------------------------------------------------------------------------------------- use

    def forward(self, *, spec: Tensor, audio: Tensor | None = None, sigma: float = 1.0) -> Any:
        """What the flows make of log-mel spectrograms [B, D, F].

        Returns:
            Without `audio` [B, T] audio [B, 256 * F] from noise of deviation `sigma`; with it what
            :meth:`~nemo.collections.tts.modules.waveglow.WaveGlowModule.forward` returns.
        """
        return self.waveglow.norm_dist_to_audio(spec, sigma=sigma) if audio is None else self.waveglow(spec, audio)

    @torch.no_grad()
    def convert_spectrogram_to_audio(
        self, spec: Tensor, sigma: float = 1.0, denoise: bool = True, denoiser_strength: float = 0.01, **kwargs: Any
    ) -> Tensor:
        """Audio [B, T] of log-mel spectrograms.

        Args:
            spec: [B, D, F].
            sigma: deviation of the noise; lower is more even. The noise is drawn from PyTorch's default generator.
            denoise: take away the sound that the vocoder makes of silence.
            denoiser_strength: how much of it.
            kwargs: for other vocoders.
        """
        with nn.utils.parametrize.cached():  # each normalised weight is computed once
            audio = self(spec=spec, sigma=sigma)
            return self.denoise(audio, denoiser_strength) if denoise else audio

    @torch.no_grad()
    def denoise(self, audio: Tensor, strength: float = 0.01) -> Tensor:
        """Audio [B, T] with `strength` times the spectrum less that the vocoder makes of silence without noise."""
        features = self.audio_to_melspec_precessor
        window = features.window
        silence = torch.zeros(1, features.nfilt, FRAMES_OF_SILENCE, device=audio.device, dtype=audio.dtype)
        own_sound = self(spec=silence, sigma=0.0)
        bias, _ = magnitudes_and_phases(own_sound, features.n_fft, features.hop_length, window)
        return subtract_magnitudes(audio, bias[:, :, :1], strength, features.n_fft, features.hop_length, window)

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Loss of a batch of audio [B, T] with lengths [B]; logs it."""
        loss = self._loss(batch)
        self.log("loss", loss.detach(), prog_bar=True)
        return loss

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss of a batch."""
        loss = self._loss(batch)
        self.log("val_loss", loss, on_epoch=True, sync_dist=True)
        return {"val_loss": loss}

    def _loss(self, batch: Any) -> Tensor:
        audio, lengths = audio_of(batch)
        spec, _ = self.audio_to_melspec_precessor(audio, lengths)
        usable = audio.shape[1] - audio.shape[1] % self.waveglow.n_group
        z, log_scales, log_determinants = self(spec=spec, audio=audio[:, :usable])
        return self.loss(z=z, log_scales=log_scales, log_determinants=log_determinants, sigma=self.cfg.sigma)

    # ---------------------------------------------------------------------------------------------------------- export

    @property
    def input_types_for_export(self) -> dict[str, NeuralType]:
        """Log-mel spectrograms and noise."""
        return {
            "spec": NeuralType(("B", "D", "T"), MelSpectrogramType()),
            "z": NeuralType(("B", "D", "T"), NormalDistributionSamplesType()),
        }

    @property
    def output_types_for_export(self) -> dict[str, NeuralType]:
        """Audio, with the vocoder's own sound still in it."""
        return {"audio": NeuralType(("B", "T"), AudioSignal(int(self.cfg.preprocessor.sample_rate)))}

    @property
    def properties_for_export(self) -> dict[str, object]:
        """What a program needs to make the noise and to play the audio."""
        return {"sample_rate": self.cfg.preprocessor.sample_rate, "hop_length": HOP, "n_group": self.waveglow.n_group}

    def input_example(self, max_batch: int = 1, max_dim: int = 16) -> tuple[dict[str, Tensor]]:
        """A spectrogram of silence and noise, for export."""
        bands, group = self.waveglow.n_mel_channels, self.waveglow.n_group
        return (
            {
                "spec": torch.zeros(max_batch, bands, max_dim, device=self.device),
                "z": torch.randn(max_batch, group, max_dim * HOP // group, device=self.device),
            },
        )

    def _prepare_for_export(self, **kwargs: Any) -> None:
        self._inverse_matrices = self.waveglow.inverse_matrices()  # ONNX cannot invert matrices

    def _export_teardown(self) -> None:
        self._inverse_matrices = None

    def forward_for_export(self, spec: Tensor, z: Tensor) -> Tensor:
        """Audio [B, T] of log-mel spectrograms [B, D, F] and noise [B, G, T / G]; T is at most 256 * (F + 3)."""
        return self.waveglow.norm_dist_to_audio(spec, z, inverse_matrices=self._inverse_matrices)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """None: the addresses of published WaveGlow models are not known here."""
        return []
