"""What every strategy offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from nemo.core.archive.targets import buildable_from_archives, register_known_class


@buildable_from_archives
class AbstractAdapterStrategy(ABC):
    """Applies one adapter to an input. A strategy keeps no state of the network, so one may serve several adapters."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register_known_class(cls)  # a strategy that the program itself has loaded may be named by an archive

    @abstractmethod
    def forward(self, input: Any, adapter: nn.Module, *, module: nn.Module) -> Any:
        """Combines an input with what the adapter makes of it.

        Args:
            input: usually [B, T, D]; a list or dict of arguments for adapters that take several.
            adapter: the adapter.
            module: the part of the network that the adapter was added to.

        Returns:
            What the next adapter gets, or the rest of the network.
        """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls :meth:`forward`."""
        return self.forward(*args, **kwargs)

    def compute_output(self, input: Any, adapter: nn.Module, *, module: nn.Module) -> Any:
        """What the adapter makes of the input; lists and dicts are its arguments. Override for other inputs."""
        if isinstance(input, Mapping):
            return adapter(**input)
        if isinstance(input, Sequence):
            return adapter(*input)
        return adapter(input)
