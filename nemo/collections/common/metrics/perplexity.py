"""How uncertain distributions are."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import Categorical
from torchmetrics import Metric

from nemo.utils.exceptions import ConfigError


class Perplexity(Metric):
    """Mean over distributions of exp(entropy): 1 when sure, V when all V classes are equally likely.

    It needs no targets, and so is not the perplexity of a text under a language model, which is exp(its loss).

    Args:
        dist_sync_on_step: as in torchmetrics.
        process_group: as in torchmetrics.
        validate_args: check that the probabilities are such.
        **kwargs: other arguments of a torchmetrics ``Metric``.
    """

    full_state_update = True
    perplexities_sum: Tensor
    num_distributions: Tensor

    def __init__(
        self,
        dist_sync_on_step: bool = False,
        process_group: Any = None,
        validate_args: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(dist_sync_on_step=dist_sync_on_step, process_group=process_group, **kwargs)
        self.validate_args = validate_args
        self.add_state("perplexities_sum", torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("num_distributions", torch.tensor(0, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, probs: Tensor | None = None, logits: Tensor | None = None) -> None:
        """Adds distributions.

        Args:
            probs: [..., V], need not sum to 1.
            logits: [..., V], instead of `probs`.

        Raises:
            ConfigError: not exactly one of the two is given.
        """
        if (probs is None) == (logits is None):
            raise ConfigError("Perplexity.update needs either probs or logits; it got both or neither.")
        perplexities = Categorical(probs, logits, validate_args=self.validate_args).perplexity().detach()
        self.perplexities_sum = self.perplexities_sum + perplexities.double().sum()
        self.num_distributions = self.num_distributions + perplexities.numel()

    def compute(self) -> Tensor:
        """The mean; NaN before the first distribution."""
        return (self.perplexities_sum / self.num_distributions).float()
