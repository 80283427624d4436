"""Canary: one attention model that transcribes and translates, as a prompt tells it (Puvvada et al., 2024).

https://arxiv.org/abs/2406.19674; prompt and text are one row of tokens for the decoder, see attention_model.py.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor, nn

from nemo.collections.asr.data.lhotse_prompted_audio_to_text import LhotsePromptedAudioToText
from nemo.collections.asr.data.loader import build_audio_to_text_loader
from nemo.collections.asr.data.prompted_audio_to_text import (
    PromptedAudioToTextDataset,
    TarredPromptedAudioToTextDataset,
)
from nemo.collections.asr.data.prompts import Prompt, check_prompt_format, prompt_ids
from nemo.collections.asr.models.asr_model import given_audio
from nemo.collections.asr.models.attention_model import AttentionEncDecModel
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.output_sizes import warn_of_other_sizes
from nemo.collections.common.modules.transformer_init import transformer_weights_init
from nemo.collections.common.tokenizers.canary_tokenizer import CanaryTokenizer
from nemo.collections.common.transformer.masks import lengths_to_mask
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

KEYS_OF_OTHERS = ("model_defaults", "prompt_defaults", "multitask_metrics_cfg", "restore_timestamps_model")
"""Values that other sections refer to, and keys of newer releases that mean nothing here."""


@dataclass
class MultiTaskModelConfig:
    """`model` section."""

    preprocessor: Any = MISSING
    encoder: Any = MISSING
    transf_decoder: Any = MISSING
    """A `_target_` with `config_dict`; its `vocab_size` comes from the tokenizer."""
    head: Any = MISSING
    """A token classifier; its `num_classes` comes from the tokenizer."""
    tokenizer: Any = MISSING
    """type agg, with a Canary tokenizer as `custom_tokenizer`."""
    transf_encoder: Any = None
    """A transformer encoder on top of the encoder; null or `num_layers` 0: none."""
    loss: Any = field(
        default_factory=lambda: {
            "_target_": "nemo.collections.common.losses.smoothed_cross_entropy.SmoothedCrossEntropyLoss"
        }
    )
    decoding: Any = field(default_factory=dict)
    """A :class:`~nemo.collections.asr.decoding.multitask.MultiTaskDecodingConfig`."""
    prompt_format: str = "canary"
    """canary or canary2: which control tokens, in which order."""
    context_len_for_AR_decoding: int = 5
    """Not used: the prompt's length is that of its tokens."""
    use_loss_mask_for_prompt: bool = False
    """Count only what comes after the prompt; else its tokens are learned too, as in release 1."""
    spec_augment: Any = None
    """Masks on the features while training; null: none."""
    sample_rate: int = 16000
    """Hz."""
    label_smoothing: float = 0.0
    """For `loss` to refer to."""
    use_cer: bool = False
    """Measure errors of characters instead of words."""
    log_prediction: bool = False
    """Log one reference with its transcript for each batch of an evaluation."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class EncDecMultiTaskModel(AttentionEncDecModel):
    """Speech recognition and translation by prompts, such as Canary.

    Args:
        cfg: a :class:`MultiTaskModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    encoder_decoder_proj: nn.Module

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        needed = ("preprocessor", "encoder", "transf_decoder", "head", "tokenizer")
        known = (*KEYS_OF_OTHERS, *TRAINING_KEYS)
        super().__init__(with_defaults(MultiTaskModelConfig, cfg, also=known, mandatory=needed), trainer)
        self._check_tokenizer(self.tokenizer)
        check_prompt_format(self.cfg.prompt_format)
        self._build_encoder()
        sizes = (self.padded_vocabulary_size, int(self.tokenizer.vocab_size))
        warn_of_other_sizes(self.cfg, ("head.num_classes", "transf_decoder.config_dict.vocab_size"), sizes)
        self._build_outputs(self.cfg.decoding)
        width = self.transf_decoder.hidden_size
        self.encoder_decoder_proj = self._make_projection(width)
        section = self.cfg.transf_encoder
        if section is not None and section.num_layers > 0:
            encoder: nn.Module = self.from_config_dict(section)
            self.transf_encoder = encoder.apply(lambda module: transformer_weights_init(module, width**-0.5))

    @property
    def projection(self) -> nn.Module:
        """From the width of the encoder to that of the decoder."""
        return self.encoder_decoder_proj

    def prompt_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """The tokens of a prompt.

        Raises:
            ConfigError: the model does not have such a language.
        """
        return tuple(prompt_ids(prompt, self.tokenizer, self.cfg.prompt_format))

    def _check_tokenizer(self, tokenizer: Any) -> None:
        if not isinstance(tokenizer, CanaryTokenizer):
            raise ConfigError(
                f"model.tokenizer is a {type(tokenizer).__name__}, which has no control tokens. Expected type agg with "
                "custom_tokenizer._target_ nemo.collections.common.tokenizers.canary_tokenizer.CanaryTokenizer and the "
                "languages' tokenizers under langs, spl_tokens among them."
            )

    def _build_outputs(self, decoding_config: Any) -> None:
        size = self.padded_vocabulary_size
        # `encoder` is null in published configs, which stands for no
        encoder = self.cfg.transf_decoder.get("encoder") or False
        decoder = OmegaConf.merge(self.cfg.transf_decoder, {"config_dict": {"vocab_size": size}, "encoder": encoder})
        head = OmegaConf.merge(self.cfg.head, {"num_classes": size})
        self.transf_decoder = self.from_config_dict(decoder)
        self.log_softmax = self.from_config_dict(head)
        self._tie_outputs()
        self.loss = self.from_config_dict(self.cfg.loss)
        self._set_decoding(decoding_config, transf_decoder=decoder, head=head)

    # ---------------------------------------------------------------------------------------------------- transcribing

    def transcribe(
        self,
        audio: Any = None,
        batch_size: int = 4,
        *,
        paths2audio_files: Any = None,
        source_lang: str | None = None,
        target_lang: str | None = None,
        task: str | None = None,
        taskname: str | None = None,
        pnc: Any = None,
        override_config: Any = None,
        **options: Any,
    ) -> list[Any]:
        """Transcribes or translates recordings: ``model.transcribe("a.wav", source_lang="en", target_lang="de")``.

        Args:
            audio: as for :meth:`ASRModel.transcribe`. The lines of a manifest may have `source_lang`, `target_lang`,
                `taskname` and `pnc` of their own; the arguments below stand for what they lack.
            batch_size: recordings computed together, of those with the same prompt.
            paths2audio_files: the name of `audio` in release 1.
            source_lang: the language that is spoken; None: that of the text, or English.
            target_lang: the language of the text; None: the one that is spoken.
            task: transcribe (asr) or translate (ast, s2t_translation); None: as the languages say.
            taskname: another name of `task`.
            pnc: write punctuation and capitals, yes or no.
            override_config: a `TranscribeConfig` that stands for `batch_size` and `options`.
            **options: `return_hypotheses`, `num_workers`, `channel_selector`, `augmentor`, `verbose`, `max_seconds` and
                `overlap_seconds`, as for :meth:`ASRModel.transcribe`.

        Returns:
            One :class:`~nemo.collections.asr.decoding.hypothesis.Hypothesis`, which is a ``str``, for each recording.

        Raises:
            ConfigError: a language that the model does not have, or a task that does not fit the languages.
        """
        from nemo.collections.asr.inference.prompted_transcribe import PromptedTranscriber
        from nemo.collections.asr.inference.transcribe_config import TranscribeConfig

        config = override_config or TranscribeConfig(batch_size=batch_size, **options)
        if config.logprobs:
            raise ConfigError(
                "transcribe() cannot give logprobs: an attention decoder has none for frames. Leave it out."
            )
        prompt = {"source_lang": source_lang, "target_lang": target_lang, "task": task or taskname, "pnc": pnc}
        return PromptedTranscriber(self, config, prompt).run(given_audio(audio, paths2audio_files))

    # -------------------------------------------------------------------------------------------------------- training

    def _counts(self, batch: Sequence[Tensor]) -> Tensor:
        counts = super()._counts(batch)
        if self.cfg.use_loss_mask_for_prompt:
            counts = counts & ~lengths_to_mask(batch[5] - 1, counts.shape[1])
        return counts

    def _texts(self, batch: Sequence[Tensor], states: Tensor, mask: Tensor) -> tuple[list[str], list[str]]:
        tokens, token_lengths, prompts, prompt_lengths = batch[2:6]
        hypotheses: list[str] = [""] * len(tokens)
        for length in prompt_lengths.unique().tolist():  # those where nobody speaks have a short one
            rows = (prompt_lengths == length).nonzero()[:, 0]
            found = self.decoding.search_states(states[rows], mask[rows], prompts[rows, :length])
            for row, n_best in zip(rows.tolist(), found, strict=True):
                hypotheses[row] = str(n_best[0])
        spans = zip(tokens.tolist(), prompt_lengths.tolist(), token_lengths.tolist(), strict=True)
        return hypotheses, [self.decoding.decode_tokens_to_str(row[first:end]) for row, first, end in spans]

    def _build_loader(self, section: DictConfig, where: str) -> Any:
        self._check_tokenizer(self.tokenizer)
        kinds = {False: PromptedAudioToTextDataset, True: TarredPromptedAudioToTextDataset}
        prompt_format = self.cfg.prompt_format
        return build_audio_to_text_loader(
            section,
            tokenizer=self.tokenizer,
            where=where,
            evaluation=where != "model.train_ds",
            datasets={tarred: functools.partial(kind, prompt_format=prompt_format) for tarred, kind in kinds.items()},
            lhotse_dataset=functools.partial(LhotsePromptedAudioToText, prompt_format=prompt_format),
        )

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this class."""
        return published_models("EncDecMultiTaskModel")
