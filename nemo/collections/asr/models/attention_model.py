"""Attention encoder-decoders (Chan et al., 2016; Vaswani et al., 2017): what their models share.

audio [B, T] -> preprocessor -> [B, D, F] -> encoder -> [B, S, H] -> transformer encoder, where there is one
tokens [B, U] -> transformer decoder, which looks at the encoder's states -> classifier -> log_probs [B, U, V]
B batch, T samples, D features, F their frames, S encoder frames, H hidden, U tokens, V classes: the tokens, and as many
more as make a multiple of 8.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.multitask import MultiTaskDecoding, PromptedDecoding
from nemo.collections.asr.metrics.wer import count_errors
from nemo.collections.asr.models.speech_front import build_speech_front, encode_speech, speech_input_types
from nemo.collections.asr.models.subword_model import SubwordModel
from nemo.collections.common.metrics.corpus_bleu import bleu_counts, bleu_of_counts
from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.common.modules.transformer_init import transformer_weights_init
from nemo.collections.common.transformer.masks import lengths_to_mask
from nemo.collections.common.transformer.token_transformer import TransformerDecoderNM
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import (
    ChannelType,
    LabelsType,
    LengthsType,
    LogprobsType,
    MaskType,
    NeuralType,
)
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

Encoded = tuple[Tensor | None, Tensor, Tensor, Tensor]
"""log_probs [B, U, V] or None, lengths [B] in encoder frames, states [B, S, H], their mask [B, S]."""


class AttentionEncDecModel(SubwordModel):
    """Base of models whose text is written by a transformer decoder.

    A subclass builds `transf_decoder`, `log_softmax`, `loss` and, where it has one, `transf_encoder`, and names its
    projection from the encoder's to the decoder's width, as archives do.
    """

    transf_encoder: nn.Module | None
    transf_decoder: TransformerDecoderNM
    log_softmax: TokenClassifier
    loss: Any
    decoding: MultiTaskDecoding

    # -------------------------------------------------------------------------------------------------------- building

    @property
    def padded_vocabulary_size(self) -> int:
        """V: the tokenizer's size, rounded up to a multiple of 8, which is fast on GPUs."""
        return 8 * math.ceil(int(self.tokenizer.vocab_size) / 8)

    @property
    def projection(self) -> nn.Module:
        """From the width of the encoder to that of the decoder."""
        raise NotImplementedError

    def _build_encoder(self) -> None:
        build_speech_front(self)
        self.transf_encoder = None

    def _make_projection(self, width: int) -> nn.Module:
        given = int(self.encoder._feat_out)
        return nn.Identity() if given == width else nn.Linear(given, width)

    def _tie_outputs(self) -> None:
        """Gives decoder and classifier their first weights; the classifier shares those of the embedding."""
        deviation = self.transf_decoder.hidden_size**-0.5
        for part in (self.transf_decoder, self.log_softmax):
            part.apply(lambda module: transformer_weights_init(module, deviation))
        last, embedding = self.log_softmax.mlp.last_linear_layer, self.transf_decoder.embedding.token_embedding
        if last.weight.shape != embedding.weight.shape:
            raise ConfigError(
                f"model.head has weights {list(last.weight.shape)} and the decoder's embedding "
                f"{list(embedding.weight.shape)}; they are shared. Set head.hidden_size to the decoder's hidden_size."
            )
        last.weight = embedding.weight

    def _set_decoding(self, decoding_config: Any, **other_sections: Any) -> None:
        self.decoding = MultiTaskDecoding(decoding_config, self.transf_decoder, self.log_softmax, self.tokenizer)
        self._replace_sections(decoding=self.decoding.cfg, **other_sections)

    # -------------------------------------------------------------------------------------------------------- changing

    def change_decoding_strategy(self, decoding_cfg: Any) -> None:
        """Decodes another way from now on.

        Args:
            decoding_cfg: a `decoding` section; what it lacks takes its default.
        """
        self._set_decoding(decoding_cfg)

    def _change_outputs(self, vocabulary: Sequence[str], decoding_cfg: Any) -> None:
        """An embedding and a classifier, untrained; the decoder's layers stay."""
        trained = {
            name: value
            for name, value in self.transf_decoder.state_dict().items()
            if not name.startswith("_embedding.token_embedding.")
        }
        device = self.device
        self._build_outputs(self.cfg.decoding if decoding_cfg is None else decoding_cfg)
        self.transf_decoder.load_state_dict(trained, strict=False)
        self.transf_decoder.to(device)
        self.log_softmax.to(device)
        logger.info("the decoder has %d new tokens and must be trained", self.tokenizer.vocab_size)

    def _build_outputs(self, decoding_config: Any) -> None:
        """Decoder, classifier, loss and decoding for the present tokenizer."""
        raise NotImplementedError

    # --------------------------------------------------------------------------------------------------------- network

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Audio or features with their lengths, and tokens with theirs."""
        return {
            **speech_input_types(self.cfg.sample_rate),
            "transcript": NeuralType(("B", "T"), LabelsType(), optional=True),
            "transcript_length": NeuralType(tuple("B"), LengthsType(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Log-probabilities of tokens, and the encoder's states with lengths and mask."""
        return {
            "transf_log_probs": NeuralType(("B", "T", "D"), LogprobsType(), optional=True),
            "encoded_lengths": NeuralType(tuple("B"), LengthsType()),
            "encoder_states": NeuralType(("B", "T", "D"), ChannelType()),
            "encoder_mask": NeuralType(("B", "T"), MaskType()),
        }

    @typecheck()
    def forward(
        self,
        input_signal: Tensor | None = None,
        input_signal_length: Tensor | None = None,
        processed_signal: Tensor | None = None,
        processed_signal_length: Tensor | None = None,
        transcript: Tensor | None = None,
        transcript_length: Tensor | None = None,
    ) -> Encoded:
        """Encodes audio, and computes how probable the token after each of `transcript` is.

        Args:
            input_signal: [B, T] audio.
            input_signal_length: [B] samples.
            processed_signal: [B, D, F] features, instead of audio.
            processed_signal_length: [B] frames.
            transcript: [B, U] tokens, the start token (or prompt) first; None computes the encoder only.
            transcript_length: [B] tokens.

        Returns:
            log_probs [B, U, V] (None without transcript), lengths [B] in encoder frames, the encoder's states
            [B, S, H] and their mask [B, S], 1 where there is no padding.

        Raises:
            ValueError: not exactly one of audio and features is given.
        """
        encoded, encoded_lengths = encode_speech(
            self, input_signal, input_signal_length, processed_signal, processed_signal_length
        )
        states = self.projection(encoded.transpose(1, 2))  # [B, H, S] -> [B, S, H]
        mask = lengths_to_mask(encoded_lengths, states.shape[1]).to(states.dtype)
        if self.transf_encoder is not None:
            states = self.transf_encoder(encoder_states=states, encoder_mask=mask)
        if transcript is None or transcript_length is None:
            return None, encoded_lengths, states, mask
        hidden = self.transf_decoder(
            input_ids=transcript,
            decoder_mask=lengths_to_mask(transcript_length, transcript.shape[1]).to(states.dtype),
            encoder_embeddings=states,
            encoder_mask=mask,
        )
        return self.log_softmax(hidden_states=hidden), encoded_lengths, states, mask

    # ---------------------------------------------------------------------------------------------------- transcribing

    def decoding_for(self, *, timestamps: bool | None = None, keep_log_probs: bool = False) -> PromptedDecoding:
        """The model's decoding, with times as attention tells them; its search sees no log-probabilities of frames."""
        return PromptedDecoding(self.decoding, timestamps=bool(timestamps))

    def transcribe_batch(self, signals: Tensor, lengths: Tensor, decoding: PromptedDecoding) -> list[Hypothesis]:
        """Transcribes signals [B, T] of `lengths` [B] samples with a decoding of :meth:`decoding_for`."""
        _, _, states, mask = self.forward(input_signal=signals, input_signal_length=lengths)
        return decoding.best(states, mask)

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: Sequence[Tensor], batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        loss, _, _ = self._loss(batch)
        return {"loss": loss, "log": self._training_log(loss)}

    def multi_validation_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches), word error rate and BLEU of one validation set."""
        return _with_bleu(super().multi_validation_epoch_end(outputs, dataloader_idx), outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches), word error rate and BLEU of one test set."""
        return _with_bleu(super().multi_test_epoch_end(outputs, dataloader_idx), outputs, "test")

    def _loss(self, batch: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """The loss, and the encoder's states and mask: each token is to be told from those before it."""
        signal, signal_lengths, tokens, token_lengths = batch[:4]
        log_probs, _, states, mask = self.forward(
            input_signal=signal,
            input_signal_length=signal_lengths,
            transcript=tokens[:, :-1],
            transcript_length=token_lengths - 1,
        )
        loss = self.loss(log_probs=log_probs, labels=tokens[:, 1:], output_mask=self._counts(batch))
        return loss, states, mask

    def _counts(self, batch: Sequence[Tensor]) -> Tensor:
        """[B, U - 1] which tokens, from the second on, the loss counts: all that are no padding."""
        return lengths_to_mask(batch[3] - 1, batch[2].shape[1] - 1)

    def _evaluate(self, batch: Sequence[Tensor], prefix: str) -> dict[str, Tensor]:
        loss, states, mask = self._loss(batch)
        hypotheses, references = self._texts(batch, states, mask)
        if self.cfg.log_prediction and references:
            logger.info("reference: %s", references[0])
            logger.info("predicted: %s", hypotheses[0])
        errors, words = (float(sum(each)) for each in count_errors(hypotheses, references, self.cfg.use_cer))
        values = {
            "loss": loss,
            "wer": loss.new_tensor(errors) / loss.new_tensor(words),
            "wer_num": loss.new_tensor(errors),
            "wer_denom": loss.new_tensor(words),
            "bleu_counts": bleu_counts(hypotheses, references).to(loss.device),
        }
        return {f"{prefix}_{name}": value for name, value in values.items()}

    def _texts(self, batch: Sequence[Tensor], states: Tensor, mask: Tensor) -> tuple[list[str], list[str]]:
        """What is recognised, and what was said."""
        hypotheses = [str(text) for text in PromptedDecoding(self.decoding).best(states, mask)]
        rows = zip(batch[2].tolist(), batch[3].tolist(), strict=True)
        return hypotheses, [self.decoding.decode_tokens_to_str(row[:length]) for row, length in rows]


def _with_bleu(results: dict[str, Any], outputs: list[dict[str, Tensor]], prefix: str) -> dict[str, Any]:
    counts = torch.stack([output[f"{prefix}_bleu_counts"] for output in outputs]).sum(dim=0)
    results["log"][f"{prefix}_bleu"] = bleu_of_counts(counts)
    return results
