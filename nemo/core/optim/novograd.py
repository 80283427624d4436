"""NovoGrad: layer-wise adaptive moments (Ginsburg et al., 2019, https://arxiv.org/abs/1905.11286)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from nemo.utils.exceptions import ConfigError


class Novograd(Optimizer):
    """SGD with momentum on gradients that are divided by a running norm, one number for each tensor.

    Args:
        params: parameters or parameter groups.
        lr: learning rate.
        betas: decay of the running gradient and of the running squared norm.
        eps: added to the norm that divides.
        weight_decay: added to the normalised gradient, times the weight.
        grad_averaging: weigh the new gradient by `1 - betas[0]`.
        amsgrad: divide by the largest norm so far (Reddi et al., 2018).
        luc: clip the update of each tensor to `luc_trust` times its norm, as LARC does.
        luc_trust: how large an update may be relative to the weights.
        luc_eps: added to the norm of the update that divides.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.95, 0.98),
        eps: float = 1e-8,
        weight_decay: float = 0,
        grad_averaging: bool = False,
        amsgrad: bool = False,
        luc: bool = False,
        luc_trust: float = 1e-3,
        luc_eps: float = 1e-8,
    ) -> None:
        _check_range("lr", lr, 0.0)
        _check_range("eps", eps, 0.0)
        for index, beta in enumerate(betas):
            _check_range(f"betas[{index}]", beta, 0.0, 1.0)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "grad_averaging": grad_averaging,
            "amsgrad": amsgrad,
            "luc": luc,
            "luc_trust": luc_trust,
            "luc_eps": luc_eps,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("amsgrad", False)

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
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                self._update(group, params)
        return loss

    def _update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        beta1, beta2 = group["betas"]
        grads = [_dense(p) for p in params]
        states = [self._state_of(p, group["amsgrad"]) for p in params]
        momenta = [state["exp_avg"] for state in states]

        squared_norms = [norm * norm for norm in torch._foreach_norm(grads)]
        for state, squared_norm in zip(states, squared_norms, strict=True):
            moment = state["exp_avg_sq"]
            if state["step"] == 0:
                moment.copy_(squared_norm)
            else:
                moment.mul_(beta2).add_(squared_norm, alpha=1.0 - beta2)
            if group["amsgrad"]:
                torch.maximum(state["max_exp_avg_sq"], moment, out=state["max_exp_avg_sq"])
            state["step"] += 1

        moments = [state["max_exp_avg_sq" if group["amsgrad"] else "exp_avg_sq"] for state in states]
        norms = torch._foreach_sqrt(moments)
        torch._foreach_add_(norms, group["eps"])
        updates = torch._foreach_div(grads, norms)
        if group["weight_decay"] != 0:
            torch._foreach_add_(updates, params, alpha=group["weight_decay"])
        if group["grad_averaging"]:
            torch._foreach_mul_(updates, 1.0 - beta1)
        torch._foreach_mul_(momenta, beta1)
        torch._foreach_add_(momenta, updates)
        if group["luc"]:
            torch._foreach_addcmul_(params, momenta, _clipped_rates(group, params, momenta), value=-1.0)
        else:
            torch._foreach_add_(params, momenta, alpha=-group["lr"])

    def _state_of(self, param: Tensor, amsgrad: bool) -> dict[str, Any]:
        state = self.state[param]
        if not state:
            state["step"] = 0
            state["exp_avg"] = torch.zeros_like(param)
            state["exp_avg_sq"] = torch.zeros([], device=param.device, dtype=param.dtype)
            if amsgrad:
                state["max_exp_avg_sq"] = torch.zeros([], device=param.device, dtype=param.dtype)
        return state


def _dense(param: Tensor) -> Tensor:
    grad = param.grad
    assert grad is not None
    if grad.is_sparse:
        raise RuntimeError("Novograd does not take sparse gradients. Use torch.optim.SparseAdam, or sparse=False.")
    return grad


def _clipped_rates(group: dict[str, Any], params: list[Tensor], updates: list[Tensor]) -> list[Tensor]:
    """For each tensor, the learning rate or what keeps its update within `luc_trust` of its norm, if that is less."""
    weight_norms = torch._foreach_norm(params)
    update_norms = torch._foreach_norm(updates)
    return [
        (group["luc_trust"] * weights / (update + group["luc_eps"])).clamp(max=group["lr"])
        for weights, update in zip(weight_norms, update_norms, strict=True)
    ]


def _check_range(name: str, value: float, low: float, below: float = float("inf")) -> None:
    if not low <= value < below:
        expected = f"at least {low}" if below == float("inf") else f"from {low} to below {below}"
        raise ConfigError(f"Novograd: {name} is {value}; expected {expected}. Set optim.{name} accordingly.")
