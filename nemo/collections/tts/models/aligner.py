"""A model of alignments alone: which token is spoken in which frame (Badlani et al., 2022).

tokens [B, U] -> embedding [B, U, H] -+-> distances -> soft attention [B, 1, F, U] -> best path -> durations [B, U]
audio [B, T] -> mel [B, D, F] --------+
B batch, U tokens, H width of the embedding, T samples, D mel bands, F frames.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import MISSING
from pytorch_lightning import Trainer
from torch import Tensor, nn

from nemo.collections.tts.logging.validation import alignments, is_shown, show
from nemo.collections.tts.losses.aligner import BinLoss, ForwardSumLoss, bin_loss_weight
from nemo.collections.tts.models.base import KEYS_OF_USERS, SpeechModel
from nemo.collections.tts.models.text_front import build_text_tokenizer, parse_text
from nemo.collections.tts.modules.monotonic_alignment import binarize_attention
from nemo.collections.tts.modules.transformer import lengths_to_mask
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError, ShapeError


@dataclass
class AlignerModelConfig:
    """`model` section."""

    preprocessor: Any = MISSING
    """The mel spectrograms that are aligned."""
    alignment_encoder: Any = MISSING
    """An :class:`~nemo.collections.tts.modules.aligner.AlignmentEncoder`."""
    text_tokenizer: Any = MISSING
    symbols_embedding_dim: int = 384
    """H; equal to `n_text_channels` of the alignment encoder."""
    bin_loss_start_ratio: float = 0.2
    """Share of the trainer's epochs before the loss of hard alignments begins."""
    bin_loss_warmup_epochs: int = 100
    """Epochs from there in which its weight grows to 1."""
    text_normalizer: Any = None
    text_normalizer_call_kwargs: Any = None
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class AlignerModel(SpeechModel):
    """Learns from recordings and their texts when each token is spoken.

    Args:
        cfg: an :class:`AlignerModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("preprocessor", "alignment_encoder", "text_tokenizer")
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(AlignerModelConfig, cfg, also=known, mandatory=parts), trainer)
        cfg = self.cfg
        width = cfg.alignment_encoder.get("n_text_channels")
        if width is not None and width != cfg.symbols_embedding_dim:
            raise ConfigError(
                f"model.alignment_encoder.n_text_channels is {width} and model.symbols_embedding_dim is "
                f"{cfg.symbols_embedding_dim}; the encoder takes the embedded text. Make both equal."
            )
        self.embed = nn.Embedding(len(self.tokenizer.tokens), cfg.symbols_embedding_dim)
        self.preprocessor = self.from_config_dict(cfg.preprocessor)
        self.preprocessor.follow_release(cfg.nemo_version)
        self.alignment_encoder = self.from_config_dict(cfg.alignment_encoder)
        self.forward_sum_loss = ForwardSumLoss()
        self.bin_loss = BinLoss()

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The tokenizer; built on first use, because the base class already needs it for its loaders."""
        return build_text_tokenizer(self)

    @property
    def vocab(self) -> Any:
        """The tokenizer, under the name that other models of speech have for it."""
        return self.tokenizer

    # ------------------------------------------------------------------------------------------------------------- use

    def parse(self, str_input: str, normalize: bool = True, **kwargs: Any) -> Tensor:
        """The tokens [1, U] of a text.

        Args:
            str_input: the text.
            normalize: write out numbers and abbreviations, where the model has a normaliser.
            kwargs: for other models.
        """
        return parse_text(self, str_input, normalize)

    def forward(
        self, *, spec: Tensor, spec_len: Tensor, text: Tensor, text_len: Tensor, attn_prior: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Aligns spectrograms with tokens.

        Args:
            spec: [B, D, F] log-mel spectrograms.
            spec_len: [B] frames.
            text: [B, U].
            text_len: [B].
            attn_prior: [B, F, U] how probable each token is in each frame before anything is heard.

        Returns:
            [B, 1, F, U] probabilities of tokens for each frame, and their logarithms, not normalised.
        """
        is_padding = ~lengths_to_mask(text_len, text.shape[1])
        with torch.autocast(spec.device.type, enabled=False):  # squared distances overflow half precision
            return self.alignment_encoder(
                queries=spec.float(),
                keys=self.embed(text).transpose(1, 2),
                mask=is_padding,
                attn_prior=attn_prior,
            )

    @torch.no_grad()
    def durations(
        self, *, spec: Tensor, spec_len: Tensor, text: Tensor, text_len: Tensor, attn_prior: Tensor | None = None
    ) -> Tensor:
        """Frames [B, U] of each token on the best monotonic path; the arguments are those of :meth:`forward`.

        Raises:
            ShapeError: a text with more tokens than its recording has frames.
        """
        soft, _ = self(spec=spec, spec_len=spec_len, text=text, text_len=text_len, attn_prior=attn_prior)
        return self._harden(soft, text_len, spec_len)[:, 0].sum(dim=1).round().long()

    def _harden(self, soft: Tensor, text_len: Tensor, spec_len: Tensor) -> Tensor:
        for row, (tokens, frames) in enumerate(zip(text_len.tolist(), spec_len.tolist(), strict=True)):
            if tokens > frames:
                raise ShapeError(
                    f"The text of item {row} of the batch has {tokens} tokens and its recording {frames} frames; each "
                    "token needs a frame. Check that they belong together, or lower preprocessor.window_stride."
                )
        return binarize_attention(soft, text_len, spec_len)

    # -------------------------------------------------------------------------------------------------------- training

    @property
    def bin_loss_scale(self) -> float:
        """Weight of the loss of hard alignments in this epoch; 0 before it begins."""
        epochs = self.trainer.max_epochs if self._trainer is not None else None
        cfg = self.cfg
        return bin_loss_weight(self.current_epoch, epochs, cfg.bin_loss_start_ratio, cfg.bin_loss_warmup_epochs)

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        """Loss of a batch; logs it with its parts."""
        _, losses = self._losses(batch)
        self.log_dict({f"train_{name}": value.detach() for name, value in losses.items()})
        return losses["loss"]

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Losses of a batch; the alignments of an epoch's first one are shown where a logger takes pictures."""
        (soft, mel_lens), losses = self._losses(batch)
        if is_shown(self, batch_idx, dataloader_idx):
            lens = batch["text_lens"]
            found = {"val_soft_alignment": soft[:, 0], "val_hard_alignment": self._harden(soft, lens, mel_lens)[:, 0]}
            show(self, alignments(found, lens, mel_lens))
        results = {f"val_{name}": value for name, value in losses.items()}
        self.log_dict(results, on_epoch=True, sync_dist=True)
        return results

    def _losses(self, batch: dict[str, Tensor]) -> tuple[tuple[Tensor, Tensor], dict[str, Tensor]]:
        """Soft alignments of a batch [B, 1, F, U] and frames [B]; its losses, `loss` is all of them together."""
        mels, mel_lens = self.preprocessor(input_signal=batch["audio"], length=batch["audio_lens"])
        text, lens = batch["text"], batch["text_lens"]
        soft, log_probs = self(
            spec=mels, spec_len=mel_lens, text=text, text_len=lens, attn_prior=batch.get("align_prior_matrix")
        )
        losses = {"forward_sum_loss": self.forward_sum_loss(attn_logprob=log_probs, in_lens=lens, out_lens=mel_lens)}
        scale = self.bin_loss_scale
        if scale > 0:
            hard = self._harden(soft, lens, mel_lens)
            losses["bin_loss"] = scale * self.bin_loss(hard_attention=hard, soft_attention=soft)
        losses["loss"] = torch.stack(list(losses.values())).sum()
        return (soft, mel_lens), losses

    # ------------------------------------------------------------------------------------------------------------ data

    def _of_dataset(self) -> dict[str, Any]:
        tokenizer = self.tokenizer
        return {"text_tokenizer": tokenizer, "text_normalizer": self.text_normalizer_call}  # built with the tokenizer

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """None: the addresses of published aligners are not known here."""
        return []
