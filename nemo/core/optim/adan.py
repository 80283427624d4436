"""Adan: adaptive Nesterov momentum (Xie et al., 2022, https://arxiv.org/abs/2208.06677)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from nemo.utils.exceptions import ConfigError


class Adan(Optimizer):
    """Adam whose momentum looks ahead by the running difference of gradients.

    Args:
        params: parameters or parameter groups.
        lr: learning rate.
        betas: decay of the running gradient, of the running difference, and of the running square.
        eps: added to the root that divides.
        weight_decay: decoupled weight decay.
        max_grad_norm: clip the norm of all gradients together to this; 0 for no clipping.
        no_prox: decay the weights before the step, as AdamW does, in place of the paper's proximal form.
        foreach: kept for configs; all tensors of a group are always updated together.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float, float] = (0.98, 0.92, 0.99),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        max_grad_norm: float = 0.0,
        no_prox: bool = False,
        foreach: bool = True,
    ) -> None:
        for name, value in (("lr", lr), ("eps", eps), ("max_grad_norm", max_grad_norm)):
            if value < 0.0:
                raise ConfigError(f"Adan: {name} is {value}; expected at least 0. Set optim.{name} accordingly.")
        if len(betas) != 3 or not all(0.0 <= beta < 1.0 for beta in betas):
            raise ConfigError(f"Adan: betas is {betas}; expected three numbers from 0 to below 1, set in optim.betas.")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "max_grad_norm": max_grad_norm,
            "no_prox": no_prox,
            "foreach": foreach,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("no_prox", False)

    @torch.no_grad()
    def restart_opt(self) -> None:
        """Forgets all moments and begins to count steps anew."""
        for group in self.param_groups:
            group["step"] = 0
            for param in group["params"]:
                self.state.pop(param, None)

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
        clip = self._clip_factor()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                self._update(group, params, clip)
        return loss

    def _clip_factor(self) -> Tensor | None:
        """What all gradients are multiplied by so that their common norm stays within `max_grad_norm`."""
        largest = self.defaults["max_grad_norm"]
        if largest <= 0:
            return None
        grads = [p.grad for group in self.param_groups for p in group["params"] if p.grad is not None]
        if not grads:
            return None
        norms = torch._foreach_norm(grads)
        total = torch.stack([norm.to(norms[0].device) for norm in norms]).norm()
        return (largest / (total + self.param_groups[0]["eps"])).clamp(max=1.0)

    def _update(self, group: dict[str, Any], params: list[Tensor], clip: Tensor | None) -> None:
        beta1, beta2, beta3 = group["betas"]
        group["step"] = step = group.get("step", 0) + 1
        grads: list[Tensor] = [p.grad for p in params if p.grad is not None]
        if clip is not None:
            grads = [grad * clip.to(grad.device) for grad in grads]
        states = [self._state_of(p, grad) for p, grad in zip(params, grads, strict=True)]
        momenta = [state["exp_avg"] for state in states]
        momenta_of_differences = [state["exp_avg_diff"] for state in states]
        squares = [state["exp_avg_sq"] for state in states]

        differences = torch._foreach_sub(grads, [state["pre_grad"] for state in states])
        looking_ahead = torch._foreach_add(grads, differences, alpha=beta2)
        torch._foreach_lerp_(momenta, grads, 1 - beta1)
        torch._foreach_lerp_(momenta_of_differences, differences, 1 - beta2)
        torch._foreach_mul_(squares, beta3)
        torch._foreach_addcmul_(squares, looking_ahead, looking_ahead, value=1 - beta3)
        torch._foreach_copy_([state["pre_grad"] for state in states], grads)

        roots = torch._foreach_sqrt(squares)
        torch._foreach_div_(roots, math.sqrt(1.0 - beta3**step))
        torch._foreach_add_(roots, group["eps"])
        rate, decay = group["lr"], group["lr"] * group["weight_decay"]
        if group["no_prox"]:
            torch._foreach_mul_(params, 1 - decay)
        torch._foreach_addcdiv_(params, momenta, roots, value=-rate / (1.0 - beta1**step))
        torch._foreach_addcdiv_(params, momenta_of_differences, roots, value=-rate * beta2 / (1.0 - beta2**step))
        if not group["no_prox"] and decay != 0:
            torch._foreach_div_(params, 1 + decay)

    def _state_of(self, param: Tensor, grad: Tensor) -> dict[str, Any]:
        if grad.is_sparse:
            raise RuntimeError("Adan does not take sparse gradients. Use torch.optim.SparseAdam, or sparse=False.")
        state = self.state[param]
        if not state:
            state["exp_avg"] = torch.zeros_like(param)
            state["exp_avg_diff"] = torch.zeros_like(param)
            state["exp_avg_sq"] = torch.zeros_like(param)
            state["pre_grad"] = grad.clone()  # the first difference is 0
        return state
