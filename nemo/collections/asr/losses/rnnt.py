"""Transducer losses: RNN-T, TDT and multi-blank, in PyTorch, exact, with analytic gradients.

- RNN-T: Graves, 2012, https://arxiv.org/abs/1211.3711; FastEmit: Yu et al., 2021, https://arxiv.org/abs/2010.11148.
- TDT: Xu et al., 2023, https://arxiv.org/abs/2304.06795.
- multi-blank: Xu et al., 2022, https://arxiv.org/abs/2211.03541.

B batch, T frames, U tokens, V tokens of the vocabulary, K outputs of the joint network. The order of the outputs is
fixed by archives: tokens, then big blanks from the longest to the shortest, the blank, then TDT's durations.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.losses.joint_scores import joint_scores, precise_type
from nemo.collections.asr.losses.transducer_lattice import lattice_log_likelihood
from nemo.core.classes.loss import Loss
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LabelsType, LengthsType, LogprobsType, LossType, NeuralType
from nemo.utils.exceptions import ConfigError, ShapeError

KINDS = {
    "default": "rnnt",
    "warprnnt": "rnnt",
    "warprnnt_numba": "rnnt",
    "pytorch": "rnnt",
    "rnnt": "rnnt",
    "graph_rnnt": "rnnt",
    "tdt": "tdt",
    "tdt_pytorch": "tdt",
    "multiblank_rnnt": "multiblank",
    "multiblank_rnnt_pytorch": "multiblank",
}
"""`loss_name` of a config -> what it is; the original has several implementations of each."""

REDUCTIONS = (None, "none", "mean", "sum", "mean_batch", "mean_volume")


class RNNTLoss(Loss):
    """Negative log-likelihood of the targets, summed over all alignments.

    Args:
        num_classes: V for RNN-T and TDT; V and the number of big blanks for multi-blank. The blank's index.
        reduction: ``mean_batch``: mean over utterances; ``mean_volume``: sum over utterances by all their tokens;
            ``mean``: mean over utterances of the loss per token; ``sum``; ``none``: [B].
        loss_name: one of :data:`KINDS`.
        loss_kwargs: `fastemit_lambda`; `clamp`: largest gradient of each logit; `durations` (TDT),
            `big_blank_durations` (multi-blank); `sigma`: taken off each log-probability of a token (both); `omega`: how
            often the RNN-T loss of the same outputs is taken instead (TDT).

    Raises:
        ConfigError: an unknown name, reduction or argument.
    """

    def __init__(
        self,
        num_classes: int,
        reduction: str | None = "mean_batch",
        loss_name: str = "default",
        loss_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        if reduction not in REDUCTIONS:
            raise ConfigError(f"rnnt_reduction is {reduction!r}; expected one of {', '.join(map(str, REDUCTIONS))}.")
        if loss_name not in KINDS:
            raise ConfigError(f"loss.loss_name is {loss_name!r}; expected one of {', '.join(KINDS)}. Choose one.")
        super().__init__(reduction=reduction or "none")
        self._blank = self.blank = num_classes
        self.kind = KINDS[loss_name]
        arguments = dict(loss_kwargs or {})
        self.fastemit_lambda = float(arguments.pop("fastemit_lambda", None) or 0.0)
        self.clamp = float(arguments.pop("clamp", None) or -1.0)
        self.sigma = float(arguments.pop("sigma", None) or 0.0)
        self.omega = float(arguments.pop("omega", None) or 0.0)
        self.durations = [int(each) for each in arguments.pop("durations", None) or ()]
        self.big_blank_durations = [int(each) for each in arguments.pop("big_blank_durations", None) or ()]
        for of_others in ("verify_inputs", "graph_type", "use_triton", "double_scores", "cast_to_float32"):
            arguments.pop(of_others, None)
        if arguments:
            raise ConfigError(f"loss.{loss_name}_kwargs has {', '.join(arguments)}, which this loss does not take.")
        self._check_durations()

    def _check_durations(self) -> None:
        if self.kind == "tdt" and (not self.durations or min(self.durations) < 0 or max(self.durations) < 1):
            raise ConfigError(
                f"the durations of the TDT loss are {self.durations}; expected frames such as [0, 1, 2, 3, 4]. Set "
                "loss.tdt_kwargs.durations to model_defaults.tdt_durations."
            )
        if self.kind == "multiblank" and any(duration < 2 for duration in self.big_blank_durations):
            raise ConfigError(f"big_blank_durations is {self.big_blank_durations}; expected frames above 1.")

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Outputs of the joint network, targets and the lengths of both."""
        return {
            "log_probs": NeuralType(("B", "T", "T", "D"), LogprobsType()),
            "targets": NeuralType(("B", "T"), LabelsType()),
            "input_lengths": NeuralType(tuple("B"), LengthsType()),
            "target_lengths": NeuralType(tuple("B"), LengthsType()),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The loss."""
        return {"loss": NeuralType(elements_type=LossType())}

    @typecheck()
    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor) -> Tensor:
        """Computes the loss.

        Args:
            log_probs: [B, T, U + 1, K] outputs of the joint network, normalised or not.
            targets: [B, U] tokens.
            input_lengths: [B] valid frames.
            target_lengths: [B] valid tokens.

        Returns:
            The loss, or [B] losses without reduction; infinite where no alignment fits.

        Raises:
            ShapeError: the joint has fewer places than the longest target, or other outputs than the loss reads.
        """
        return self._computed(log_probs, targets, input_lengths, target_lengths)

    def _computed(self, log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor) -> Tensor:
        frames, tokens = int(input_lengths.max()), int(target_lengths.max())
        self._check_shape(log_probs, frames, tokens)
        log_probs, targets = log_probs[:, :frames, : tokens + 1], targets[:, :tokens]
        if self.clamp > 0 and log_probs.requires_grad:
            log_probs = log_probs * 1.0  # a place for the hook that is not the caller's tensor
            log_probs.register_hook(lambda grad: grad.clamp(-self.clamp, self.clamp))
        stay, emit, stay_durations, emit_durations = self._moves(log_probs, targets)
        if self.fastemit_lambda > 0:
            emit = _with_more_gradient(emit, self.fastemit_lambda)
        losses = -lattice_log_likelihood(stay, emit, stay_durations, emit_durations, input_lengths, target_lengths)
        return self.reduced(losses, target_lengths)

    def _check_shape(self, log_probs: Tensor, frames: int, tokens: int) -> None:
        least = self.blank + 1 + (len(self.durations) if self.kind == "tdt" else 0)
        if log_probs.shape[1] < frames or log_probs.shape[2] < tokens + 1 or log_probs.shape[3] != least:
            raise ShapeError(
                f"the loss got joint outputs {list(log_probs.shape)} for {frames} frames and {tokens} tokens; "
                f"expected [B, T >= {frames}, U + 1 >= {tokens + 1}, {least}]. Check the lengths, and that the "
                "joint network has as many classes as the loss."
            )

    def _moves(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Sequence[int], Sequence[int]]:
        """Scores of stays [B, T, U + 1, S] and emissions [B, T, U + 1, E] with their durations."""
        if self.kind == "tdt":
            return self._moves_of_tdt(logits, targets)
        durations = [1]
        blanks = [self.blank]
        if self.kind == "multiblank":
            durations += self.big_blank_durations
            blanks += [self.blank - 1 - place for place in range(len(self.big_blank_durations))]
        stay, emit = joint_scores(logits, targets, torch.tensor(blanks, device=logits.device))
        return stay - self.sigma, emit[..., None] - self.sigma, durations, [0]

    def _moves_of_tdt(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Sequence[int], Sequence[int]]:
        classes = self.blank + 1
        blank = torch.tensor([self.blank], device=logits.device)
        stay, emit = joint_scores(logits[..., :classes], targets, blank)  # [B, T, U + 1, 1], [B, T, U + 1]
        if self.omega > 0 and random.random() < self.omega:
            return stay, emit[..., None], [1], [0]
        durations = logits[..., classes:].to(precise_type(logits))  # [B, T, U + 1, durations]
        lasting = durations.log_softmax(dim=-1) - self.sigma
        moving = [place for place, duration in enumerate(self.durations) if duration > 0]
        return (
            stay + lasting[..., moving],
            emit[..., None] + lasting,
            [self.durations[place] for place in moving],
            self.durations,
        )

    def reduced(self, losses: Tensor, target_lengths: Tensor) -> Tensor:
        """Losses [B] combined as `reduction` says; `target_lengths` [B]."""
        if self.reduction in (None, "none"):
            return losses
        if self.reduction == "sum":
            return losses.sum()
        if self.reduction == "mean_batch":
            return losses.mean()
        lengths = target_lengths.to(losses.device)
        if self.reduction == "mean":  # a text without tokens counts as one token, here and below
            return (losses / lengths.clamp(min=1)).mean()
        return losses.sum() / lengths.sum().clamp(min=1)


class _LossOfActivations(RNNTLoss):
    """Base of the losses below: the names of the inputs are the original's."""

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Outputs of the joint network, targets and the lengths of both."""
        return {
            "acts": NeuralType(("B", "T", "T", "D"), LogprobsType()),
            "labels": NeuralType(("B", "T"), LabelsType()),
            "act_lens": NeuralType(tuple("B"), LengthsType()),
            "label_lens": NeuralType(tuple("B"), LengthsType()),
        }

    @typecheck()
    def forward(self, acts: Tensor, labels: Tensor, act_lens: Tensor, label_lens: Tensor) -> Tensor:
        """As :meth:`RNNTLoss.forward`: scores [B, T, U + 1, K], targets [B, U], and the lengths of both [B]."""
        return self._computed(acts, labels, act_lens, label_lens)


class RNNTLossPytorch(_LossOfActivations):
    """The loss of RNN-T.

    Args:
        blank: class of the blank, the last.
        reduction: as of :class:`RNNTLoss`.
    """

    def __init__(self, blank: int, reduction: str | None) -> None:
        super().__init__(blank, reduction, "rnnt")


class TDTLossPytorch(_LossOfActivations):
    """The loss of TDT.

    Args:
        blank: class of the blank, the last before the durations.
        durations: frames that each of the last outputs stands for.
        reduction: as of :class:`RNNTLoss`.
        sigma: taken off each log-probability of a token.
    """

    def __init__(
        self, blank: int, durations: Sequence[int] = (), reduction: str | None = "sum", sigma: float = 0.0
    ) -> None:
        super().__init__(blank, reduction, "tdt", {"durations": durations, "sigma": sigma})


class MultiblankRNNTLossPytorch(_LossOfActivations):
    """The loss of multi-blank transducers.

    Args:
        blank: class of the blank, the last.
        big_blank_durations: frames of the big blanks, the first that of the class before the blank.
        reduction: as of :class:`RNNTLoss`.
        sigma: taken off each log-probability.
    """

    def __init__(
        self, blank: int, big_blank_durations: Sequence[int], reduction: str | None = "sum", sigma: float = 0.0
    ) -> None:
        super().__init__(
            blank, reduction, "multiblank_rnnt", {"big_blank_durations": big_blank_durations, "sigma": sigma}
        )


class _MoreGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, more: float) -> Tensor:
        ctx.more = more
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad * (1.0 + ctx.more), None


def _with_more_gradient(x: Tensor, more: float) -> Tensor:
    """`x` whose gradient is larger by the share `more`: FastEmit, which prefers to emit early."""
    result: Tensor = _MoreGradient.apply(x, more)
    return result
