"""Tacotron 2: text to mel spectrograms, one frame after the other (Shen et al., 2018).

text -> tokens [B, U] -> embedding, encoder [B, U, E] -> decoder [B, D, F] -> postnet -> mel [B, D, F]
B batch, U tokens, E embedding, D mel bands, F frames.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import MISSING
from pytorch_lightning import Trainer
from torch import Tensor, nn

from nemo.collections.tts.logging.validation import alignments, is_shown, lines, show, spectrograms
from nemo.collections.tts.losses.tacotron2 import Tacotron2Loss
from nemo.collections.tts.models.base import KEYS_OF_USERS, SpectrogramGenerator
from nemo.collections.tts.models.catalogue import published_models
from nemo.collections.tts.models.text_front import build_text_tokenizer, parse_text
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.training.keys import TRAINING_KEYS

EMBEDDING = 512
"""E; the original does not let configs choose it."""


@dataclass
class Tacotron2ModelConfig:
    """`model` section."""

    preprocessor: Any = MISSING
    """The mel spectrograms that are learnt."""
    encoder: Any = MISSING
    """An :class:`~nemo.collections.tts.modules.tacotron2.Encoder`."""
    decoder: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.tacotron2.Decoder`."""
    postnet: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.tacotron2.Postnet`."""
    text_tokenizer: Any = None
    """It is needed where there are no `labels`."""
    labels: Any = None
    """Characters in the order of their ids, of releases before 1.8."""
    text_normalizer: Any = None
    text_normalizer_call_kwargs: Any = None
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class Tacotron2Model(SpectrogramGenerator):
    """Text to spectrogram with attention.

    Args:
        cfg: a :class:`Tacotron2ModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("preprocessor", "encoder", "decoder", "postnet")
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(Tacotron2ModelConfig, cfg, also=known, mandatory=parts), trainer)
        self.audio_to_melspec_precessor = self.from_config_dict(self.cfg.preprocessor)  # the name is that of archives
        tokens = len(self.vocab.tokens)
        self.text_embedding = nn.Embedding(tokens, EMBEDDING)
        bound = math.sqrt(3) * math.sqrt(2 / (tokens + EMBEDDING))
        nn.init.uniform_(self.text_embedding.weight, -bound, bound)
        self.encoder = self.from_config_dict(self.cfg.encoder)
        self.decoder = self.from_config_dict(self.cfg.decoder)
        self.postnet = self.from_config_dict(self.cfg.postnet)
        self.loss = Tacotron2Loss()
        self.calculate_loss = True
        """False: :meth:`forward` speaks freely, without a recording to compare with."""

    @functools.cached_property
    def vocab(self) -> Any:
        """The tokenizer; built on first use, because the base class already needs it for its loaders."""
        return build_text_tokenizer(self)

    # ------------------------------------------------------------------------------------------------------------- use

    def parse(self, str_input: str, normalize: bool = True, **kwargs: Any) -> Tensor:
        """The tokens [1, U] of a text.

        Args:
            str_input: the text.
            normalize: write out numbers and abbreviations, where the model has a normaliser.
            kwargs: for other models.
        """
        return parse_text(self, str_input, normalize)

    @torch.no_grad()
    def generate_spectrogram(self, tokens: Tensor, **kwargs: Any) -> Tensor:
        """Mel spectrograms [B, D, F] of tokens [B, U] of one length; `kwargs` are for other models."""
        lengths = torch.full((len(tokens),), tokens.shape[1], device=tokens.device)
        embedded = self.text_embedding(tokens).transpose(1, 2)
        spoken = self.decoder(self.encoder(embedded, lengths), lengths)
        return self.postnet(spoken[0])

    # --------------------------------------------------------------------------------------------------------- network

    def forward(
        self, *, tokens: Tensor, token_len: Tensor, audio: Tensor | None = None, audio_len: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Spectrograms of tokens.

        Args:
            tokens: [B, U].
            token_len: [B].
            audio: [B, T] recordings; while training each frame follows the recorded ones.
            audio_len: [B] samples.

        Returns:
            Frames of the decoder and after the postnet [B, D, F], logits of the end [B, F]; then, where there are
            recordings, their frames [B, D, F'] and numbers of them [B]; attention [B, F, U]; and, where there are none,
            the number of frames [B].

        Raises:
            ValueError: there are no recordings, and the model is in training or `calculate_loss` is on.
        """
        if audio is None and (self.training or self.calculate_loss):
            raise ValueError(
                "Tacotron2Model.forward() needs audio and audio_len to compare with. To speak, use "
                "generate_spectrogram(), or call eval() and set calculate_loss to False."
            )
        encoded = self.encoder(self.text_embedding(tokens).transpose(1, 2), token_len)
        if audio is None:
            frames, gates, weights, lengths = self.decoder(encoded, token_len)
            return frames, self.postnet(frames), gates, weights, lengths
        target, target_len = self.audio_to_melspec_precessor(audio, audio_len)
        frames, gates, weights = self.decoder(encoded, token_len, target if self.training else None)[:3]
        return frames, self.postnet(frames), gates, target, target_len, weights

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Loss of a batch; logs it."""
        loss = self._loss(batch)
        self.log("train_loss", loss.detach(), prog_bar=True)
        return loss

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss of a batch that is spoken freely; the first one of an epoch is shown where a logger takes pictures."""
        outputs = self._outputs(batch)
        loss = self._loss_of(outputs)
        if is_shown(self, batch_idx, dataloader_idx):
            self._show(batch, *outputs)
        self.log("val_loss", loss, on_epoch=True, sync_dist=True)
        return {"val_loss": loss}

    def _show(self, batch: dict[str, Tensor], *outputs: Tensor) -> None:
        """Spectrograms, attention and the probability of the end, of a few recordings."""
        _, refined, gates, target, target_len, attention = outputs
        spoken = torch.full_like(target_len, gates.shape[1])
        pictures = spectrograms(target, refined, target_len)
        pictures |= alignments({"val_attention": attention}, batch["text_lens"], spoken)
        show(self, pictures | lines("val_gate", {"end": torch.sigmoid(gates)}, spoken, 0.0, 1.0))

    def _loss(self, batch: dict[str, Tensor]) -> Tensor:
        return self._loss_of(self._outputs(batch))

    def _outputs(self, batch: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """What :meth:`forward` gives for a batch."""
        return self(
            tokens=batch["text"],
            token_len=batch["text_lens"],
            audio=batch["audio"],
            audio_len=batch["audio_lens"],
        )

    def _loss_of(self, outputs: tuple[Tensor, ...]) -> Tensor:
        frames, refined, gates, target, target_len, _ = outputs
        loss, _ = self.loss(
            spec_pred_dec=frames,
            spec_pred_postnet=refined,
            gate_pred=gates,
            spec_target=target,
            spec_target_len=target_len,
            pad_value=self.cfg.preprocessor.pad_value,
        )
        return loss

    # ------------------------------------------------------------------------------------------------------------ data

    def _of_dataset(self) -> dict[str, Any]:
        vocab = self.vocab
        return {"text_tokenizer": vocab, "text_normalizer": self.text_normalizer_call}  # built with the tokenizer

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this class."""
        return published_models("Tacotron2Model")
