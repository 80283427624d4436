"""The joint network of a transducer: a frame and a place of the prediction network -> scores of what comes next.

encoder [B, T, E] and prediction [B, P, H] -> [B, T, P, K]
B batch, T frames, P places (U + 1), J width of the joint, K outputs: V tokens, big blanks, the blank, TDT's durations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.rnnt_abstract import AbstractRNNTJoint
from nemo.collections.common.modules.linear import Linear
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import (
    AcousticEncodedRepresentation,
    ElementType,
    EmbeddedTextType,
    LabelsType,
    LengthsType,
    LogprobsType,
    LossType,
    NeuralType,
)
from nemo.utils.exceptions import ConfigError

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


class RNNTJoint(AbstractRNNTJoint, Exportable):
    """See the head of this file. The names of the parts are fixed by archives.

    Args:
        jointnet: `encoder_hidden` (E), `pred_hidden` (H), `joint_hidden` (J), `activation` (relu, sigmoid or tanh), and
            `dropout` (0.0).
        num_classes: V, or V and the number of big blanks.
        num_extra_outputs: outputs behind the blank: the durations of TDT. (With big blanks the original counts them
            here and not in `num_classes`.)
        vocabulary: the tokens, kept with the model.
        log_softmax: give log-probabilities; None: on the CPU only.
        preserve_memory: accepted for old configs; no more memory than needed is held anyway.
        fuse_loss_wer: compute loss and error rate part by part, so that the outputs of the whole batch never exist.
        fused_batch_size: utterances of a part.
        experimental_fuse_loss_wer: the same as `fuse_loss_wer`, in old configs.
        masking_prob: accepted for newer configs, where it hides frames from a language model; only -1 is possible.
    """

    def __init__(
        self,
        jointnet: Mapping[str, Any],
        num_classes: int,
        num_extra_outputs: int = 0,
        vocabulary: Sequence[str] | None = None,
        log_softmax: bool | None = None,
        preserve_memory: bool = False,
        fuse_loss_wer: bool = False,
        fused_batch_size: int | None = None,
        experimental_fuse_loss_wer: Any = None,
        masking_prob: float = -1.0,
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self._vocab_size = num_classes
        self._num_extra_outputs = num_extra_outputs
        self._num_classes = num_classes + 1 + num_extra_outputs
        self.log_softmax = log_softmax
        self.temperature = 1.0
        self._fuse_loss_wer = bool(fuse_loss_wer or experimental_fuse_loss_wer)
        self._fused_batch_size = fused_batch_size
        if self._fuse_loss_wer and fused_batch_size is None:
            raise ConfigError(
                "joint.fuse_loss_wer is true and joint.fused_batch_size is not set. Set it to the utterances that are "
                "computed together, such as 4, or set fuse_loss_wer to false."
            )
        self._loss: Any = None
        self._wer: Any = None
        activation = str(jointnet["activation"]).lower()
        if activation not in ACTIVATIONS:
            raise ConfigError(f"joint.jointnet.activation is {activation!r}; expected one of {', '.join(ACTIVATIONS)}.")
        width = int(jointnet["joint_hidden"])
        dropout = float(jointnet.get("dropout") or 0.0)
        self.enc = Linear(int(jointnet["encoder_hidden"]), width)
        self.pred = Linear(int(jointnet["pred_hidden"]), width)
        drop = [nn.Dropout(dropout)] if dropout else []
        self.joint_net = nn.Sequential(ACTIVATIONS[activation](), *drop, Linear(width, self._num_classes))

    # -------------------------------------------------------------------------------------------------------- scores

    def project_encoder(self, encoder_output: Tensor) -> Tensor:
        """[B, T, E] -> [B, T, J]; done once for all frames when decoding."""
        return self.enc(encoder_output)

    def project_prednet(self, prednet_output: Tensor) -> Tensor:
        """[B, P, H] -> [B, P, J]."""
        return self.pred(prednet_output)

    def joint_after_projection(self, f: Tensor, g: Tensor) -> Tensor:
        """Scores [B, T, P, K] of projected frames [B, T, J] and places [B, P, J]."""
        scores = self.joint_net(f.unsqueeze(2) + g.unsqueeze(1))
        normalises = not scores.is_cuda if self.log_softmax is None else self.log_softmax
        if not normalises:
            return scores
        return (scores / self.temperature if self.temperature != 1.0 else scores).log_softmax(dim=-1)

    def forward_for_export(self, encoder_outputs: Tensor, decoder_outputs: Tensor) -> Tensor:
        """Scores [B, T, P, K], not normalised, of frames [B, E, T] and places [B, H, P]."""
        frames = self.project_encoder(encoder_outputs.transpose(1, 2))
        places = self.project_prednet(decoder_outputs.transpose(1, 2))
        scores: Tensor = self.joint_net(frames.unsqueeze(2) + places.unsqueeze(1))
        return scores

    # ------------------------------------------------------------------------------------------------------- training

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Encoder and prediction network, and what the fused loss needs."""
        return {
            "encoder_outputs": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation()),
            "decoder_outputs": NeuralType(("B", "D", "T"), EmbeddedTextType(), optional=True),
            "encoder_lengths": NeuralType(tuple("B"), LengthsType(), optional=True),
            "transcripts": NeuralType(("B", "T"), LabelsType(), optional=True),
            "transcript_lengths": NeuralType(tuple("B"), LengthsType(), optional=True),
            "compute_wer": NeuralType(optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType] | None:
        """Scores; or loss and error counts when they are fused."""
        if not self._fuse_loss_wer:
            return {"outputs": NeuralType(("B", "T", "T", "D"), LogprobsType())}
        return {
            "loss": NeuralType(elements_type=LossType(), optional=True),
            "wer": NeuralType(elements_type=ElementType(), optional=True),
            "wer_numer": NeuralType(elements_type=ElementType(), optional=True),
            "wer_denom": NeuralType(elements_type=ElementType(), optional=True),
        }

    @typecheck()
    def forward(
        self,
        encoder_outputs: Tensor,
        decoder_outputs: Tensor | None = None,
        encoder_lengths: Tensor | None = None,
        transcripts: Tensor | None = None,
        transcript_lengths: Tensor | None = None,
        compute_wer: bool = False,
    ) -> Any:
        """Computes scores, or with `fuse_loss_wer` the loss and the error rate.

        Args:
            encoder_outputs: [B, E, T].
            decoder_outputs: [B, H, P]; None: only the error rate is wanted.
            encoder_lengths: [B] frames (fused).
            transcripts: [B, U] tokens (fused).
            transcript_lengths: [B] tokens (fused).
            compute_wer: also decode and count errors (fused).

        Returns:
            [B, T, P, K]; or loss, error rate, errors and words, None where not computed.
        """
        frames = encoder_outputs.transpose(1, 2)
        places = decoder_outputs.transpose(1, 2) if decoder_outputs is not None else None
        if not self._fuse_loss_wer:
            if places is None:
                raise ConfigError(
                    "the joint network got no decoder_outputs; expected [B, H, P] of the prediction network."
                )
            return self.joint(frames, places)
        if encoder_lengths is None or transcripts is None or transcript_lengths is None:
            raise ConfigError(
                "a joint network with fuse_loss_wer needs encoder_lengths, transcripts and transcript_lengths. Give "
                "them, or call set_fuse_loss_wer(False)."
            )
        loss = None
        if places is not None:
            loss = self._fused_loss(frames, places, encoder_lengths, transcripts, transcript_lengths)
        if not compute_wer:
            return loss, None, None, None
        self._wer.reset()
        self._wer.update(
            predictions=encoder_outputs.detach(),
            predictions_lengths=encoder_lengths,
            targets=transcripts,
            targets_lengths=transcript_lengths,
        )
        wer, numerator, denominator = self._wer.compute()
        self._wer.reset()
        return loss, wer, numerator, denominator

    def _fused_loss(
        self, frames: Tensor, places: Tensor, frame_lengths: Tensor, targets: Tensor, target_lengths: Tensor
    ) -> Tensor:
        """The loss of each part's utterances, reduced together; a part is cut to its own longest utterance."""
        if self._loss is None:
            raise ConfigError("the joint network has no loss: call set_loss(...) or let a model make it.")
        reduction = self._loss.reduction
        losses = []
        try:
            self._loss.reduction = None
            for first in range(0, len(frames), self.fused_batch_size or len(frames)):
                part = slice(first, first + (self.fused_batch_size or len(frames)))
                longest, most = int(frame_lengths[part].max()), int(target_lengths[part].max())
                losses.append(
                    self._losses_of_part(
                        frames[part, :longest],
                        places[part, : most + 1],
                        frame_lengths[part],
                        targets[part, :most],
                        target_lengths[part],
                    )
                )
        finally:
            self._loss.reduction = reduction
        return self._loss.reduced(torch.cat(losses), target_lengths)

    def _losses_of_part(
        self, frames: Tensor, places: Tensor, frame_lengths: Tensor, targets: Tensor, target_lengths: Tensor
    ) -> Tensor:
        """The loss of each utterance [b] of a part of the batch."""
        losses: Tensor = self._loss(
            log_probs=self.joint(frames, places),
            targets=targets,
            input_lengths=frame_lengths,
            target_lengths=target_lengths,
        )
        return losses

    # ---------------------------------------------------------------------------------------------------- properties

    @property
    def num_classes_with_blank(self) -> int:
        """K."""
        return self._num_classes

    @property
    def num_extra_outputs(self) -> int:
        """Outputs behind the blank, or big blanks."""
        return self._num_extra_outputs

    @property
    def loss(self) -> Any:
        """The loss of the fused computation."""
        return self._loss

    def set_loss(self, loss: Any) -> None:
        """Gives the fused computation its loss."""
        self._loss = loss

    @property
    def wer(self) -> Any:
        """The error rate of the fused computation."""
        return self._wer

    def set_wer(self, wer: Any) -> None:
        """Gives the fused computation its error rate."""
        self._wer = wer

    @property
    def fuse_loss_wer(self) -> bool:
        """Whether loss and error rate are computed part by part."""
        return self._fuse_loss_wer

    def set_fuse_loss_wer(self, fuse_loss_wer: bool, loss: Any = None, metric: Any = None) -> None:
        """Turns the fused computation on or off; on needs a loss and a metric, given here or before."""
        self._fuse_loss_wer = fuse_loss_wer
        self._loss = loss if loss is not None else self._loss
        self._wer = metric if metric is not None else self._wer

    @property
    def fused_batch_size(self) -> int | None:
        """Utterances that the fused computation takes together."""
        return self._fused_batch_size

    def set_fused_batch_size(self, fused_batch_size: int) -> None:
        """Sets :attr:`fused_batch_size`."""
        self._fused_batch_size = fused_batch_size

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 8192) -> tuple[Tensor, Tensor]:
        """Random encoder and prediction network outputs for export: [B, E, T] and [B, H, 1]."""
        device = next(self.parameters()).device
        frames = torch.randn(max_batch or 1, self.enc.in_features, min(max_dim or 8, 8), device=device)
        return frames, torch.randn(max_batch or 1, self.pred.in_features, 1, device=device)
