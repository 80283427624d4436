"""What kinds of speech synthesis models there are, by what they take and give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from omegaconf import OmegaConf
from torch import Tensor

from nemo.collections.tts.data.loader import build_loader
from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.pretrained import PretrainedModelInfo, resolve_subclass_pretrained_model_info
from nemo.utils.exceptions import ConfigError

TRAINING = "model.train_ds"
"""The section whose data is shuffled unless it says."""

KEYS_OF_USERS = (
    "name",
    "sample_rate",
    "n_mel_channels",
    "n_mels",
    "n_window_size",
    "n_window_stride",
    "n_fft",
    "lowfreq",
    "highfreq",
    "window",
    "pad_value",
    "mel_pad_value",
    "ds_name",
    "sup_data_path",
    "sup_data_types",
    "model_defaults",
)
"""Values that the original's YAML files keep in `model` to refer to them."""


class SpeechModel(ModelPT, ABC):
    """A model of any of these kinds."""

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of all classes of this kind."""
        import nemo.collections.tts.models as models

        for name in models.__all__:
            getattr(models, name)  # a class is only counted once it is loaded
        return resolve_subclass_pretrained_model_info(cls)

    def _setup_dataloader_from_config(self, config: Any, where: str) -> Any:
        """See :func:`~nemo.collections.tts.data.loader.build_loader`; rate and hop must be those of the model."""
        _check_same_audio(config, OmegaConf.select(self.cfg, "preprocessor"), where)
        return build_loader(config, where, shuffle=where == TRAINING, **self._of_dataset())

    def _of_dataset(self) -> dict[str, Any]:
        """What the model gives to its datasets besides the arguments of their sections."""
        return {}


def _check_same_audio(section: Any, preprocessor: Any, where: str) -> None:
    """Refuses a dataset with another sample rate or hop than the model's spectrograms.

    Raises:
        ConfigError: names both keys and values.
    """
    dataset, features = (OmegaConf.create({} if each is None else each) for each in (section, preprocessor))
    for key, own_key in (("sample_rate", "sample_rate"), ("hop_length", "n_window_stride")):
        given, own = OmegaConf.select(dataset, f"dataset.{key}"), OmegaConf.select(features, own_key)
        if given and own and given != own:
            raise ConfigError(
                f"{where}.dataset.{key} is {given}, and model.preprocessor.{own_key} is {own}. Expected the same; make "
                "both equal."
            )


class SpectrogramGenerator(SpeechModel):
    """Turns text into spectrograms."""

    @abstractmethod
    def parse(self, str_input: str, **kwargs: Any) -> Tensor:
        """The tokens [1, U] of a text."""

    @abstractmethod
    def generate_spectrogram(self, tokens: Tensor, **kwargs: Any) -> Tensor:
        """The spectrograms [B, D, F] of tokens [B, U]."""


class Vocoder(SpeechModel):
    """Turns spectrograms into audio."""

    @abstractmethod
    def convert_spectrogram_to_audio(self, spec: Tensor, **kwargs: Any) -> Tensor:
        """The audio [B, T] of spectrograms [B, D, F]."""


class GlowVocoder(Vocoder):
    """A vocoder that turns noise into audio by a network that can be inverted."""

    @abstractmethod
    def convert_spectrogram_to_audio(
        self, spec: Tensor, sigma: float = 1.0, denoise: bool = True, denoiser_strength: float = 0.01, **kwargs: Any
    ) -> Tensor:
        """The audio [B, T] of spectrograms [B, D, F], from noise of deviation `sigma`."""

    @abstractmethod
    def denoise(self, audio: Tensor, strength: float = 0.01) -> Tensor:
        """Audio [B, T] without the sound that the vocoder makes of silence."""


class LinVocoder(SpeechModel):
    """Turns linear spectrograms into audio."""

    @abstractmethod
    def convert_linear_spectrogram_to_audio(self, spec: Tensor, **kwargs: Any) -> Tensor:
        """The audio [B, T] of magnitudes [B, N, F]."""


class MelToSpec(SpeechModel):
    """Turns mel spectrograms into linear ones."""

    @abstractmethod
    def convert_mel_spectrogram_to_linear(self, mel: Tensor, **kwargs: Any) -> Tensor:
        """The linear spectrograms [B, N, F] of mel spectrograms [B, D, F]."""


class TextToWaveform(SpeechModel):
    """Turns text into audio, in one."""

    @abstractmethod
    def parse(self, str_input: str, **kwargs: Any) -> Tensor:
        """The tokens [1, U] of a text."""

    @abstractmethod
    def convert_text_to_waveform(self, *, tokens: Tensor, **kwargs: Any) -> Tensor | list[Tensor]:
        """The audio of tokens [B, U]: [B, T], or one tensor for each."""


class G2PModel(SpeechModel):
    """Turns spellings into pronunciations."""

    @abstractmethod
    def convert_graphemes_to_phonemes(
        self, manifest_filepath: str, output_manifest_filepath: str, **kwargs: Any
    ) -> Any:
        """Writes a manifest with the pronunciations of the texts of another."""
