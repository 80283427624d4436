"""Adafactor: Adam with a factored second moment (Shazeer and Stern, 2018, https://arxiv.org/abs/1804.04235)."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


class Adafactor(Optimizer):
    """Adaptive steps whose memory for a matrix `[n, m]` is `n + m` numbers.

    As in the original, a group's `lr` is the rate of the tensor that was updated last. So with `lr` (no relative step)
    and `scale_parameter`, the rate is scaled again at each tensor, and only a schedule brings it back.

    Args:
        params: parameters or parameter groups.
        lr: learning rate; None leaves it to `relative_step`.
        eps: added to the squared gradient, and the smallest root mean square of weights that scales a step.
        clip_threshold: largest root mean square of an update.
        decay_rate: exponent with which the memory of the second moment grows; its sign does not matter.
        beta1: decay of the running update; None keeps none.
        weight_decay: weight times rate that is taken away in each step.
        scale_parameter: make steps proportional to the root mean square of the weights.
        relative_step: let the rate fall with `step^-0.5`; `lr` must then be None.
        warmup_init: with `relative_step`, begin from very small rates.
        min_step: with `relative_step`, the rate at the beginning, unless `warmup_init`.

    Raises:
        ConfigError: both `lr` and `relative_step` are given, or `warmup_init` without `relative_step`.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | None = None,
        eps: tuple[float, float] = (1e-30, 1e-3),
        clip_threshold: float = 1.0,
        decay_rate: float = -0.8,
        beta1: float | None = None,
        weight_decay: float = 0.0,
        scale_parameter: bool = True,
        relative_step: bool = True,
        warmup_init: bool = False,
        min_step: float = 1e-2,
    ) -> None:
        if lr is not None and relative_step:
            raise ConfigError(
                f"Adafactor: lr is {lr} and relative_step is true, but a relative step chooses the rate itself. "
                "Set optim.relative_step=false to use lr, or remove optim.lr."
            )
        if warmup_init and not relative_step:
            raise ConfigError("Adafactor: warmup_init needs relative_step. Set optim.relative_step=true.")
        if scale_parameter and not relative_step:
            logger.warning(
                "Adafactor with a fixed lr and scale_parameter=true multiplies lr by the size of each tensor in turn, "
                "as the original does, and the rate shrinks. Set optim.scale_parameter=false to train with lr as given."
            )
        defaults = {
            "lr": lr,
            "eps": eps,
            "clip_threshold": clip_threshold,
            "decay_rate": decay_rate,
            "beta1": beta1,
            "weight_decay": weight_decay,
            "scale_parameter": scale_parameter,
            "relative_step": relative_step,
            "warmup_init": warmup_init,
            "min_step": min_step,
        }
        super().__init__(params, defaults)

    @property
    def supports_memory_efficient_fp16(self) -> bool:
        """The state is kept in single precision, so half-precision parameters are fine."""
        return True

    @property
    def supports_flat_params(self) -> bool:
        """A flattened parameter would lose the rows and columns that the second moment is factored into."""
        return False

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Makes one update.

        Args:
            closure: recomputes the loss, which is then returned.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    self._update(group, param)
        return loss

    def _update(self, group: dict[str, Any], param: Tensor) -> None:
        grad = param.grad
        assert grad is not None
        if grad.is_sparse:
            raise RuntimeError("Adafactor does not take sparse gradients. Use torch.optim.SparseAdam, or sparse=False.")
        grad = grad.float()
        weights = param.float()
        state = self._state_of(param, with_momentum=group["beta1"] is not None)
        state["step"] += 1
        state["RMS"] = _root_mean_square(weights).item()
        group["lr"] = rate = _rate(group, state)

        decay = 1.0 - math.pow(state["step"], -abs(group["decay_rate"]))
        update = grad * _inverse_root_moment(state, grad * grad + group["eps"][0], decay)
        update.div_((_root_mean_square(update) / group["clip_threshold"]).clamp(min=1.0)).mul_(rate)
        if group["beta1"] is not None:
            update = state["exp_avg"].mul_(group["beta1"]).add_(update, alpha=1 - group["beta1"])
        if group["weight_decay"] != 0:
            weights = weights * (1 - group["weight_decay"] * rate)
        param.copy_(weights - update)

    def _state_of(self, param: Tensor, with_momentum: bool) -> dict[str, Any]:
        state = self.state[param]
        if state:
            return state
        zeros = torch.zeros_like(param, dtype=torch.float32)
        state["step"] = 0
        state["RMS"] = 0.0
        if with_momentum:
            state["exp_avg"] = zeros.clone()
        if param.ndim >= 2:
            state["exp_avg_sq_row"] = zeros.mean(dim=-1)
            state["exp_avg_sq_col"] = zeros.mean(dim=-2)
        else:
            state["exp_avg_sq"] = zeros
        return state


def _rate(group: dict[str, Any], state: dict[str, Any]) -> float:
    """Learning rate of one tensor in this step."""
    rate = group["lr"]
    if group["relative_step"]:
        largest = 1e-6 * state["step"] if group["warmup_init"] else group["min_step"]
        rate = min(largest, 1.0 / math.sqrt(state["step"]))
    elif rate is None:
        raise ConfigError("Adafactor: there is neither lr nor relative_step. Set optim.lr or optim.relative_step=true.")
    return rate * max(group["eps"][1], state["RMS"]) if group["scale_parameter"] else rate


def _inverse_root_moment(state: dict[str, Any], squared: Tensor, decay: float) -> Tensor:
    """Brings the second moment up to date and gives 1 / its root, in the gradient's shape or one that broadcasts."""
    if "exp_avg_sq" in state:
        return state["exp_avg_sq"].mul_(decay).add_(squared, alpha=1.0 - decay).rsqrt()
    rows = state["exp_avg_sq_row"].mul_(decay).add_(squared.mean(dim=-1), alpha=1.0 - decay)
    columns = state["exp_avg_sq_col"].mul_(decay).add_(squared.mean(dim=-2), alpha=1.0 - decay)
    row_factor = (rows / rows.mean(dim=-1, keepdim=True)).rsqrt_().unsqueeze(-1)
    return row_factor * columns.rsqrt().unsqueeze(-2)


def _root_mean_square(tensor: Tensor) -> Tensor:
    return tensor.norm(2) / math.sqrt(tensor.numel())
