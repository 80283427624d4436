"""The base of all typed network parts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from torch import nn

from nemo.core.classes.file_io import FileIO
from nemo.core.classes.serialization import Serialization
from nemo.core.classes.type_checking import Typing


class NeuralModule(nn.Module, Typing, Serialization, FileIO):
    """A PyTorch module with typed inputs and outputs, built from a configuration.

    Declare `input_types` and `output_types`, and decorate `forward` with
    :class:`~nemo.core.classes.type_checking.typecheck`; without them it is an ordinary module.
    """

    __jit_unused_properties__ = ["num_weights"]

    @property
    def num_weights(self) -> int:
        """How many numbers training can change: elements of all parameters that require gradients."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)

    def input_example(self, max_batch: int | None = None, max_dim: int | None = None) -> Any:
        """Inputs that `forward` takes, for tracing at export; None if the module does not say.

        Args:
            max_batch: largest batch wanted.
            max_dim: largest length of the other axes wanted.
        """
        return None

    def freeze(self) -> None:
        """Stops training: no parameter requires a gradient any more, and the module is in evaluation mode."""
        # what `unfreeze(partial=True)` brings back; freezing twice must not forget the first state
        required: dict[str, bool] = getattr(self, "_required_grad", {})
        for name, parameter in self.named_parameters():
            required.setdefault(name, parameter.requires_grad)
            parameter.requires_grad = False
        self._required_grad = required
        self.eval()

    def unfreeze(self, partial: bool = False) -> None:
        """Trains again: every parameter requires a gradient, and the module is in training mode.

        Args:
            partial: leave those parameters frozen that already were when :meth:`freeze` was called.

        Raises:
            ValueError: `partial` without an earlier :meth:`freeze`.
        """
        if partial and not hasattr(self, "_required_grad"):
            raise ValueError(
                f"{type(self).__name__}.unfreeze(partial=True) brings back what was before freeze(), but freeze() was "
                f"not called. Call it first, or unfreeze() for all parameters."
            )
        required = self._required_grad if partial else {}
        for name, parameter in self.named_parameters():
            parameter.requires_grad = required.get(name, True)
        if hasattr(self, "_required_grad"):
            del self._required_grad
        self.train()

    @contextlib.contextmanager
    def as_frozen(self) -> Iterator[None]:
        """Frozen inside the block; afterwards each parameter and each submodule's mode is as before."""
        parameters = [(parameter, parameter.requires_grad) for parameter in self.parameters()]
        modules = [(module, module.training) for module in self.modules()]
        earlier = dict(self._required_grad) if hasattr(self, "_required_grad") else None
        self.freeze()
        try:
            yield
        finally:
            for parameter, requires_grad in parameters:
                parameter.requires_grad = requires_grad
            for module, training in modules:
                module.training = training
            del self._required_grad
            if earlier is not None:
                self._required_grad = earlier
