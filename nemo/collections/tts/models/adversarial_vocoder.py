"""What vocoders that are trained against discriminators share: their ports, speaking, the discriminators' step.

mel [B, D, F] -> generator -> audio [B, 1, T]; T is F times the hop
B batch, T samples, D mel bands, F frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nemo.collections.tts.data.padding import audio_of
from nemo.collections.tts.losses.hifigan import DiscriminatorLoss, GeneratorLoss
from nemo.collections.tts.models.adversarial import take_step
from nemo.collections.tts.models.base import Vocoder
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AudioSignal, MelSpectrogramType, NeuralType
from nemo.utils.exceptions import ConfigError, ShapeError


class AdversarialVocoder(Vocoder, Exportable):
    """Base of vocoders with a generator and discriminators, each group with an optimizer that is stepped by hand.

    A subclass builds the networks in its `__init__`, `generator` by :meth:`_build_generator`, and has the training.
    """

    generator: Any
    """Has `hop_length` and `context_frames`, and turns log-mel spectrograms `x` [B, D, F] into audio [B, 1, T]."""

    def _build_generator(self, rates: str) -> None:
        """The spectrograms, and the generator that turns them into audio; `rates` is the key of its factors.

        Raises:
            ConfigError: the generator makes another number of samples of a frame than frames are apart.
        """
        section = self.cfg.preprocessor
        self.audio_to_melspec_precessor = self.from_config_dict(section)  # the name is that of archives
        self.generator = self.from_config_dict(self.cfg.generator)
        if self.generator.hop_length != section.n_window_stride:
            raise ConfigError(
                f"model.generator.{rates} make {self.generator.hop_length} samples of a frame, and "
                f"model.preprocessor.n_window_stride is {section.n_window_stride}. Make the product of the {rates} "
                "equal to the stride."
            )
        self.generator_loss, self.discriminator_loss = GeneratorLoss(), DiscriminatorLoss()
        self.automatic_optimization = False

    @property
    def sample_rate(self) -> int:
        """Hz of the audio."""
        return int(self.cfg.preprocessor.sample_rate)

    @property
    def hop_length(self) -> int:
        """Samples of a frame."""
        return int(self.generator.hop_length)

    # --------------------------------------------------------------------------------------------------------- network

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Log-mel spectrograms."""
        return {"spec": NeuralType(("B", "D", "T"), MelSpectrogramType())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Audio."""
        return {"audio": NeuralType(("B", "S", "T"), AudioSignal(self.sample_rate))}

    @typecheck()
    def forward(self, *, spec: Tensor) -> Tensor:
        """Audio [B, 1, T] of log-mel spectrograms [B, D, F]; T is F times the hop. Noise, if any, is drawn anew."""
        return self.generator(x=spec)

    @torch.no_grad()
    def convert_spectrogram_to_audio(self, spec: Tensor, **kwargs: Any) -> Tensor:
        """Audio [B, T] of log-mel spectrograms [B, D, F]; `kwargs` are for other vocoders."""
        with nn.utils.parametrize.cached():  # each normalised weight is computed once
            return self(spec=spec).squeeze(1)

    @property
    def context_frames(self) -> int:
        """Frames before and after its own that a sample depends on; needed to make audio in pieces."""
        return int(self.generator.context_frames)

    @property
    def noise_channels(self) -> int:
        """Channels of the noise that the generator needs beside the spectrogram; 0 for none."""
        return 0

    @property
    def properties_for_export(self) -> dict[str, object]:
        """What a program needs to turn spectrograms into audio in pieces."""
        names = ("sample_rate", "hop_length", "context_frames")
        return {name: getattr(self, name) for name in names}

    # -------------------------------------------------------------------------------------------------------- training

    def _recorded(self, batch: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Audio [B, T] of a batch, its lengths [B], and the generator's input [B, D, F], which may be predicted."""
        audio, lengths = audio_of(batch)
        predicted = None if isinstance(batch, dict) or len(batch) < 3 else batch[2]
        if predicted is None:
            return audio, lengths, self.audio_to_melspec_precessor(audio, lengths)[0]
        if predicted.shape[1] != self.audio_to_melspec_precessor.nfilt:
            raise ShapeError(
                f"Predicted spectrograms of the data have {predicted.shape[1]} bands, and the model's have "
                f"{self.audio_to_melspec_precessor.nfilt} (preprocessor.nfilt). Predict those of mel_filepath with a "
                "model of the same preprocessor."
            )
        return audio, lengths, predicted

    def _step_discriminators(
        self, optimizer: Any, judges: Mapping[str, nn.Module], audio: Tensor, generated: Tensor
    ) -> dict[str, Tensor]:
        """One step of the discriminators on audio [B, 1, T]; their losses by name."""
        self.toggle_optimizer(optimizer)
        losses = {}
        for name, judge in judges.items():
            real, fake, _, _ = judge(y=audio, y_hat=generated.detach())
            losses[f"d_loss_{name}"], *_ = self.discriminator_loss(disc_real_outputs=real, disc_generated_outputs=fake)
        losses["d_loss"] = torch.stack(list(losses.values())).sum()
        take_step(self, optimizer, losses["d_loss"])
        return losses
