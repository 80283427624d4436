"""Translation by a transformer (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762).

src [B, S] -> encoder -> [B, S, H]
tgt [B, T] -> decoder, which looks at the encoder's states -> [B, T, H] -> log_softmax -> log_probs [B, T, V]
B batch, S and T tokens of source and target, H hidden, V tokens of the target, rounded up to a multiple of 8.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Sequence
from typing import Any

import torch
from omegaconf import DictConfig, ListConfig, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.common.losses.smoothed_cross_entropy import SmoothedCrossEntropyLoss
from nemo.collections.common.transformer.generation.beam import BeamSearchSequenceGenerator
from nemo.collections.common.transformer.generation.generator import Generated, SequenceGenerator, evaluating
from nemo.collections.common.transformer.generation.packed_weights import packed_weights
from nemo.collections.common.transformer.generation.sampling import TopKSequenceGenerator
from nemo.collections.nlp.data.parallel_text import TextSide
from nemo.collections.nlp.data.token_batches import TranslationBatch
from nemo.collections.nlp.data.translation_loader import LanguagePair, build_translation_loader
from nemo.collections.nlp.data.translation_tokenizers import TranslationTokenizers
from nemo.collections.nlp.inference.translator import Timing, Translation, Translator, text_of
from nemo.collections.nlp.metrics.translation_scores import combined_scores, scores_of_batch
from nemo.collections.nlp.models.translation_config import MTEncDecModelConfig
from nemo.collections.nlp.models.translation_network import build_network
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import ChannelType, LogprobsType, MaskType, NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.versions import release_of

logger = logging.getLogger(__name__)

OWN_RELEASE = (1, 24)
"""The first release of this package; what made an archive before it is the original."""


class MTEncDecModel(ModelPT, Exportable):
    """Encoder and decoder over tokens, with beam search.

    Archives that the original wrote translate as they did there, where a sentence depends a little on the others of its
    batch (see `like_release_1` of
    :class:`~nemo.collections.common.transformer.generation.generator.SequenceGenerator`). Set
    `model.beam_search.like_release_1 = False` to have each as it would be alone.

    Args:
        cfg: a :class:`~nemo.collections.nlp.models.translation_config.MTEncDecModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    config_schema: Any = MTEncDecModelConfig
    beam_search: SequenceGenerator

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        super().__init__(with_defaults(self.config_schema, cfg, also=TRAINING_KEYS), trainer)
        tokenizers = self._tokenizers
        network = build_network(self.cfg, tokenizers.vocab_sizes, self.register_artifact)
        # names fixed by archives
        self.encoder, self.decoder, self.log_softmax = network.encoder, network.decoder, network.log_softmax
        pad = int(tokenizers.decoder.pad_id)
        self.loss_fn = SmoothedCrossEntropyLoss(pad_id=pad, label_smoothing=self.cfg.label_smoothing or 0.0)
        self.eval_loss_fn = SmoothedCrossEntropyLoss(pad_id=pad)
        self.beam_search = BeamSearchSequenceGenerator(
            *self._decoder_parts,
            beam_size=self.cfg.beam_size,
            len_pen=self.cfg.len_pen,
            max_delta_length=self.cfg.max_generation_delta,
            like_release_1=release_of(self.cfg.get("nemo_version")) < OWN_RELEASE,
            **self._special_tokens,
        )

    # ------------------------------------------------------------------------------------------------------ tokenizers

    @functools.cached_property
    def _tokenizers(self) -> TranslationTokenizers:
        """Built on first use, because the base class already needs them for its loaders."""
        cfg = self.cfg
        languages = cfg.src_language, cfg.tgt_language, bool(cfg.multilingual)
        return TranslationTokenizers(cfg.encoder_tokenizer, cfg.decoder_tokenizer, *languages, self.register_artifact)

    @property
    def encoder_tokenizer(self) -> Any:
        """Of the source: a ``TokenizerSpec``."""
        return self._tokenizers.encoder

    @property
    def decoder_tokenizer(self) -> Any:
        """Of the target: a ``TokenizerSpec``."""
        return self._tokenizers.decoder

    @property
    def _decoder_parts(self) -> tuple[Any, Any, Any]:
        return self.decoder.embedding, self.decoder.decoder, self.log_softmax

    @property
    def _special_tokens(self) -> dict[str, int]:
        roles = {role: int(getattr(self.decoder_tokenizer, f"{role}_id")) for role in ("pad", "bos", "eos")}
        return {**roles, "max_sequence_length": int(self.decoder.max_sequence_length)}

    def replace_beam_with_sampling(self, topk: int = 500) -> None:
        """Draws each token from the `topk` most probable ones from now on, to make training text by translation."""
        self.beam_search = TopKSequenceGenerator(
            *self._decoder_parts, beam_size=topk, max_delta_length=self.cfg.max_generation_delta, **self._special_tokens
        )

    # --------------------------------------------------------------------------------------------------------- network

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Tokens of source and target, and where they are no padding."""
        return {
            "src": NeuralType(("B", "T"), ChannelType()),
            "src_mask": NeuralType(("B", "T"), MaskType()),
            "tgt": NeuralType(("B", "T"), ChannelType()),
            "tgt_mask": NeuralType(("B", "T"), MaskType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Log-probabilities."""
        return {"log_probs": NeuralType(("B", "T", "D"), LogprobsType())}

    @typecheck()
    def forward(self, src: Tensor, src_mask: Tensor, tgt: Tensor, tgt_mask: Tensor) -> Tensor:
        """How probable the token after each of the target is.

        Args:
            src: [B, S] tokens, start and end included.
            src_mask: [B, S], 1 where there is no padding.
            tgt: [B, T] tokens, the start first.
            tgt_mask: [B, T], as above.

        Returns:
            [B, T, V].
        """
        states, mask = self.encode(src, src_mask)
        decoded = self.decoder(input_ids=tgt, decoder_mask=tgt_mask, encoder_embeddings=states, encoder_mask=mask)
        log_probs: Tensor = self.log_softmax(hidden_states=decoded)
        return log_probs

    def encode(self, src: Tensor, src_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens [B, S] and their mask -> states and theirs, as the decoder sees them."""
        return self.encoder(input_ids=src, encoder_mask=src_mask), src_mask

    def generate(self, src: Tensor, src_mask: Tensor, timing: Timing | None = None) -> Generated:
        """Finds the tokens of translations.

        Args:
            src: [B, S] tokens, start and end included.
            src_mask: [B, S], 1 where there is no padding.
            timing: gets the seconds.
        """
        timing = timing or Timing()
        started = time.perf_counter()
        with torch.no_grad(), evaluating(self):
            states, mask = self.encode(src.to(self.device), src_mask.to(self.device))
            encoded = time.perf_counter()
            result = self.beam_search.generate(states, mask)
        timing.encoder += encoded - started
        timing.sampler += time.perf_counter() - encoded
        return result

    def list_export_subnets(self) -> list[str]:
        """Encoder, decoder and classifier are files of their own: a loop calls the last two for each token."""
        return ["encoder", "decoder", "log_softmax"]

    # ----------------------------------------------------------------------------------------------------- translating

    def translate(
        self,
        text: str | Sequence[str],
        source_lang: str | None = None,
        target_lang: str | None = None,
        return_beam_scores: bool = False,
        log_timing: bool = False,
    ) -> Any:
        """Translates sentences. They are normalised and split into words and marks first, and joined again.

        Args:
            text: a sentence, or a list of them.
            source_lang: their language; None: that of the model.
            target_lang: what they are translated into; None: that of the model.
            return_beam_scores: return all translations that were found.
            log_timing: return where the time went as well.

        Returns:
            A list with the best translation of each. With `return_beam_scores` three lists: all translations of each,
            the sums of the log-probabilities of their tokens [K], and the best ones. With `log_timing` a pair of this
            and a dict of seconds, and of the mean number of tokens.
        """
        pair = self.languages(source_lang, target_lang)
        translator = self.translator(pair)
        texts = [text] if isinstance(text, str) else list(text)
        with packed_weights((self.decoder, self.log_softmax), rows=len(texts) * int(self.cfg.beam_size)):
            found = translator.run(texts)
        result: Any = _results(found, return_beam_scores)
        return (result, dict(vars(translator.timing))) if log_timing else result

    def batch_translate(
        self, src: Tensor, src_mask: Tensor, return_beam_scores: bool = False, cache: Any = None
    ) -> tuple[Any, ...]:
        """Translates a batch of tokens.

        Args:
            src: [B, S] tokens, start and end included.
            src_mask: [B, S], 1 where there is no padding.
            return_beam_scores: return all translations that were found.
            cache: not used; keys and values are kept in any case.

        Returns:
            The sentences as texts, and their translations; with `return_beam_scores` these are three: all of each,
            their scores [K], and the best ones.
        """
        pair = self._tokenizers.asked_for(None, None) if not self.cfg.multilingual else self._tokenizers.pairs()[0]
        result = self.generate(src, src_mask)
        sources = [text_of(row, pair.source) for row in src.tolist()]
        texts = [[text_of(row, pair.target) for row in rows] for rows in result.tokens.tolist()]
        found = [Translation(each, scores) for each, scores in zip(texts, result.scores.cpu(), strict=True)]
        results = _results(found, return_beam_scores)
        return (sources, *results) if return_beam_scores else (sources, results)

    def languages(self, source_lang: str | None = None, target_lang: str | None = None) -> LanguagePair:
        """How sentences of one language become tokens, and tokens sentences of another; None: those of the model.

        Raises:
            ConfigError: the model has several and none is named, or it does not know the one that is.
        """
        return self._tokenizers.asked_for(source_lang, target_lang)

    def translator(self, pair: LanguagePair) -> Translator:
        """Translates lists of sentences of two languages."""
        longest = int(self.encoder.max_sequence_length)
        alike = self.beam_search.like_release_1
        return Translator(self.generate, pair.source, pair.target, longest, in_one_batch=alike)

    # ------------------------------------------------------------------------------------------------------------ data

    def setup_multiple_validation_data(self, val_data_config: Any) -> None:
        """Builds a loader for each pair of files that a `validation_ds` section lists."""
        super().setup_multiple_validation_data(_as_items(val_data_config))

    def setup_multiple_test_data(self, test_data_config: Any) -> None:
        """Builds a loader for each pair of files that a `test_ds` section lists."""
        super().setup_multiple_test_data(_as_items(test_data_config))

    def _setup_dataloader_from_config(self, config: Any, where: str) -> Any:
        if config.get("src_file_name") is None and not config.get("use_tarred_dataset"):
            logger.warning("%s.src_file_name is null: there is no such data", where)
            return None
        pairs = self._tokenizers.pairs()
        evaluation = where != "model.train_ds"
        if evaluation and len(pairs) > 1 and config.get("language_pair") is not None:
            pairs = [pairs[int(config.get("language_pair"))]]
        return build_translation_loader(config, pairs, where, evaluation)

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: TranslationBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        src, src_mask, tgt, tgt_mask, labels = batch
        loss = self.loss_fn(
            log_probs=self.forward(src=src, src_mask=src_mask, tgt=tgt, tgt_mask=tgt_mask), labels=labels
        )
        rate = self._optimizer.param_groups[0]["lr"] if self._optimizer is not None else 0.0
        return {"loss": loss, "log": {"train_loss": loss.detach(), "lr": rate}}

    def eval_step(self, batch: TranslationBatch, batch_idx: int, mode: str, dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and translations of a batch, kept for the end of the epoch.

        Args:
            batch: of :class:`~nemo.collections.nlp.data.translation.TranslationDataset`.
            batch_idx: its number.
            mode: val or test.
            dataloader_idx: number of the set.
        """
        src, src_mask, tgt, tgt_mask, labels = batch
        log_probs = self.forward(src=src, src_mask=src_mask, tgt=tgt, tgt_mask=tgt_mask)
        loss = self.eval_loss_fn(log_probs=log_probs, labels=labels)
        side = self._evaluated_side(dataloader_idx)
        found = [text_of(row, side) for row in self.generate(src, src_mask).tokens[:, 0].tolist()]
        references = [text_of(row, side) for row in labels.tolist()]
        results = scores_of_batch(loss, int((labels != side.tokenizer.pad_id).sum()), found, references, mode)
        outputs = self.validation_step_outputs if mode == "val" else self.test_step_outputs
        is_per_set = bool(outputs) and isinstance(outputs[0], list)
        (outputs[dataloader_idx] if is_per_set else outputs).append(results)
        return results

    def validation_step(self, batch: TranslationBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and translations of a batch of a validation set."""
        return self.eval_step(batch, batch_idx, "val", dataloader_idx)

    def test_step(self, batch: TranslationBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and translations of a batch of a test set."""
        return self.eval_step(batch, batch_idx, "test", dataloader_idx)

    def multi_validation_epoch_end(self, outputs: list[dict[str, Any]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and BLEU of one validation set; logs a few translations."""
        return combined_scores(outputs, "val", self._evaluated_language(dataloader_idx), self.cfg.num_val_examples)

    def multi_test_epoch_end(self, outputs: list[dict[str, Any]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and BLEU of one test set; logs a few translations."""
        return combined_scores(outputs, "test", self._evaluated_language(dataloader_idx), self.cfg.num_test_examples)

    def _evaluated_language(self, dataloader_idx: int) -> str:
        languages = self.cfg.tgt_language
        if not isinstance(languages, ListConfig):
            return str(languages)
        return str(languages[dataloader_idx if dataloader_idx < len(languages) else 0])

    def _evaluated_side(self, dataloader_idx: int) -> TextSide:
        source = self.cfg.src_language
        source = source if not isinstance(source, ListConfig) else source[0]
        return self._tokenizers.pair(str(source), self._evaluated_language(dataloader_idx)).target

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this class: none that can be had from here."""
        return []


def _results(found: list[Translation], all_of_them: bool) -> Any:
    best = [translation.texts[0] for translation in found]
    if not all_of_them:
        return best
    return [translation.texts for translation in found], [translation.scores for translation in found], best


def _as_items(config: Any) -> DictConfig:
    """A section that lists files of both sides, as a list of sections with one file of each."""
    section = config if isinstance(config, DictConfig) else OmegaConf.create(dict(config))
    sources, targets = section.get("src_file_name"), section.get("tgt_file_name")
    if not isinstance(sources, ListConfig) or not isinstance(targets, ListConfig) or len(sources) != len(targets):
        return section
    items = [
        {"src_file_name": source, "tgt_file_name": target, "name": f"dl_{number}", "language_pair": number}
        for number, (source, target) in enumerate(zip(sources, targets, strict=True))
    ]
    return OmegaConf.merge(section, {"src_file_name": None, "tgt_file_name": None, "ds_item": items})  # type: ignore[return-value]
