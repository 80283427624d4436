"""Builds models without drawing random weights that are about to be overwritten; half of a restore otherwise."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_FILLING = {
    Tensor.bernoulli_,
    Tensor.cauchy_,
    Tensor.exponential_,
    Tensor.fill_,
    Tensor.geometric_,
    Tensor.log_normal_,
    Tensor.normal_,
    Tensor.random_,
    Tensor.uniform_,
    Tensor.zero_,
}


def build_unfilled(build: Callable[[], Any], names: Container[str]) -> Any:
    """A new model whose parameters hold whatever the memory held, to be loaded strictly before use.

    Buffers are filled as ever, since not all of them are saved. A model that has a parameter of another name than
    those in `names` is built again in the ordinary way: some modules put their own values where a key is missing.

    Args:
        build: builds the model.
        names: of the tensors that will be loaded.
    """
    with Unfilled():
        model = build()
    if all(name in names for name, _ in model.named_parameters(remove_duplicate=False)):
        return model
    return build()


class Unfilled(TorchFunctionMode):
    """Inside the block, and in this thread, nothing fills a parameter with numbers."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Gives a parameter back as it is where it would be filled; all else goes its way."""
        kwargs = kwargs or {}
        if func in _FILLING or getattr(func, "__module__", None) == "torch.nn.init":
            tensor = args[0] if args else kwargs.get("tensor")
            if isinstance(tensor, torch.nn.Parameter):
                return tensor
        return func(*args, **kwargs)
