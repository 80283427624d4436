"""An optimizer that keeps a moving average of the weights it trains (Polyak and Juditsky, 1992).

    average <- decay * average + (1 - decay) * weights        after every `every_n_steps`-th step of the optimizer

The average begins as the weights are before the first step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from nemo.utils.exceptions import ConfigError

HALF_PRECISION = (torch.float16, torch.bfloat16)
"""Too coarse for an average: 0.001 of a weight is less than what can be told apart."""


class EMAOptimizer(Optimizer):
    """Wraps an optimizer; steps, parameter groups and state are those of the one inside.

    Args:
        optimizer: the one that trains.
        device: where the average is kept; None: where each parameter is.
        decay: share of the average that a step keeps.
        every_n_steps: steps of the optimizer from one update of the average to the next.
        current_step: steps made so far.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        device: torch.device | None = None,
        decay: float = 0.9999,
        every_n_steps: int = 1,
        current_step: int = 0,
    ) -> None:
        # without Optimizer.__init__: groups and state exist once, inside
        self.optimizer = optimizer
        self.device = device
        self.decay = decay
        self.every_n_steps = every_n_steps
        self.current_step = current_step
        self.save_original_optimizer_state = False
        self._average: list[Tensor] = []
        self._set_aside: list[Tensor] | None = None
        """The trained weights while the average is in the model."""

    def __getattr__(self, name: str) -> Any:
        if name == "optimizer":  # not set yet: this object is being copied
            raise AttributeError(name)
        return getattr(self.optimizer, name)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "step"}  # which schedules replace

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    @property
    def param_groups(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """Those of the optimizer inside."""
        return self.optimizer.param_groups

    @property
    def state(self) -> Any:  # type: ignore[override]
        """That of the optimizer inside."""
        return self.optimizer.state

    @property
    def defaults(self) -> dict[str, Any]:  # type: ignore[override]
        """Those of the optimizer inside."""
        return self.optimizer.defaults

    @property
    def ema_params(self) -> tuple[Tensor, ...]:
        """The average, one tensor for each parameter, group by group; empty before the first step."""
        return tuple(self._average)

    @property
    def average_is_in_model(self) -> bool:
        """Whether the model holds the average in place of the trained weights."""
        return self._set_aside is not None

    def all_parameters(self) -> Iterator[torch.nn.Parameter]:
        """Parameters of all groups."""
        return (parameter for group in self.param_groups for parameter in group["params"])

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds parameters; their average begins at the next step."""
        self.optimizer.add_param_group(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clears the gradients."""
        self.optimizer.zero_grad(set_to_none)

    def step(self, closure: Callable[[], Any] | None = None, **kwargs: Any) -> Any:
        """A step of the optimizer inside, then one of the average."""
        self._begin()
        loss = self.optimizer.step(closure, **kwargs) if closure is not None else self.optimizer.step(**kwargs)
        if self.current_step % self.every_n_steps == 0:
            self._update()
        self.current_step += 1
        return loss

    # ------------------------------------------------------------------------------------------------------ average

    @torch.no_grad()
    def _begin(self) -> None:
        parameters = list(self.all_parameters())
        for parameter in parameters[len(self._average) :]:
            self._average.append(self._at_home(parameter).clone())

    @torch.no_grad()
    def _update(self) -> None:
        weights = [self._at_home(parameter) for parameter in self.all_parameters()]
        torch._foreach_mul_(self._average, self.decay)
        torch._foreach_add_(self._average, weights, alpha=1.0 - self.decay)

    def _at_home(self, parameter: Tensor) -> Tensor:
        """The weights where, and in the precision in which, the average is kept."""
        dtype = torch.float32 if parameter.dtype in HALF_PRECISION else parameter.dtype
        return parameter.detach().to(device=self.device or parameter.device, dtype=dtype)

    def restart_average(self) -> None:
        """Forgets the average; the next one begins with the weights before the next step."""
        self.put_back()
        self._average = []

    def put_average(self) -> None:
        """Puts the average into the model; the trained weights are set aside."""
        if self.average_is_in_model or not self._average:
            return
        # a tensor made in inference mode, as validation is, could not be read in training
        with torch.inference_mode(False), torch.no_grad():
            averaged = list(self.all_parameters())[: len(self._average)]
            self._set_aside = [self._at_rest(parameter) for parameter in averaged]
            _copy(averaged, self._average)

    def _at_rest(self, parameter: Tensor) -> Tensor:
        return parameter.detach().to(device=self.device or parameter.device, copy=True)

    def put_back(self) -> None:
        """Puts the trained weights back, to the bit."""
        if self._set_aside is None:
            return
        with torch.inference_mode(False), torch.no_grad():
            _copy(list(self.all_parameters())[: len(self._set_aside)], self._set_aside)
        self._set_aside = None

    @contextlib.contextmanager
    def swap_ema_weights(self, enabled: bool = True) -> Iterator[None]:
        """Inside, the model holds the average (`enabled`) or the trained weights; afterwards what it held before."""
        before = self.average_is_in_model
        self._hold(average=enabled)
        try:
            yield
        finally:
            self._hold(average=before)

    def _hold(self, average: bool) -> None:
        if average:
            self.put_average()
        else:
            self.put_back()

    # -------------------------------------------------------------------------------------------------------- state

    def state_dict(self) -> dict[str, Any]:
        """State of the optimizer and of the average; only that of the optimizer where that is asked for."""
        if self.save_original_optimizer_state:
            return self.optimizer.state_dict()
        return {
            "opt": self.optimizer.state_dict(),
            "ema": self._saved_average(),
            "current_step": self.current_step,
            "decay": self.decay,
            "every_n_steps": self.every_n_steps,
        }

    def _saved_average(self) -> list[Tensor]:
        """The average; where the model holds it, the model's own tensors, which are then written once."""
        if not self.average_is_in_model:
            return list(self._average)
        pairs = zip(self.all_parameters(), self._average, strict=False)
        return [parameter.detach() if parameter.dtype == value.dtype else value for parameter, value in pairs]

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what `state_dict` gave; from that of a plain optimizer the average begins anew.

        Raises:
            ConfigError: the average is of another number of parameters, or of others.
        """
        self.restart_average()
        if "ema" not in state_dict:
            self.optimizer.load_state_dict(state_dict)
            return
        self.optimizer.load_state_dict(state_dict["opt"])
        parameters = list(self.all_parameters())
        saved = list(state_dict["ema"])
        wrong = [
            f"number {index} is {list(value.shape)}, not {list(parameter.shape)}"
            for index, (value, parameter) in enumerate(zip(saved, parameters, strict=False))
            if value.shape != parameter.shape
        ]
        if len(saved) > len(parameters) or wrong:
            raise ConfigError(
                f"the saved average is of {len(saved)} parameters, the optimizer has {len(parameters)}"
                f"{': ' + wrong[0] if wrong else ''}. Resume with the model and the optimizer of that run."
            )
        self._average = [
            value.to(like.device, like.dtype, copy=True)
            for value, like in zip(saved, map(self._at_home, parameters), strict=False)
        ]
        self.current_step = state_dict["current_step"]
        self.decay = state_dict["decay"]
        self.every_n_steps = state_dict["every_n_steps"]


def _copy(parameters: list[Any], values: list[Tensor]) -> None:
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)
