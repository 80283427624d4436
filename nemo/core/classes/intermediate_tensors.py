"""Tensors from inside a network, laid aside while it runs."""

from __future__ import annotations

from typing import Any

from torch import Tensor


class IntermediateTensors(dict[str, list[Tensor]]):
    """Name -> the tensors that were laid aside under it, in the order in which they came.

        tensors = IntermediateTensors()
        tensors.keep("layer_3", x)      # in forward
        tensors["layer_3"][-1]          # afterwards

    They hold the graph of the computation in memory until they are removed with `clear` or `pop`. Copies of it, such as
    those that come with a copied module, are empty.
    """

    def keep(self, name: str, tensor: Tensor, *, detach: bool = False, to_cpu: bool = False) -> None:
        """Lays a tensor aside.

        Args:
            name: several of one name are kept one after the other.
            tensor: of any shape.
            detach: cut it off the graph, which frees the graph's memory.
            to_cpu: move it to the CPU.
        """
        if detach:
            tensor = tensor.detach()
        if to_cpu:
            tensor = tensor.cpu()
        self.setdefault(name, []).append(tensor)

    def __deepcopy__(self, memo: dict[int, Any]) -> IntermediateTensors:
        return IntermediateTensors()

    def __reduce__(self) -> tuple[type[IntermediateTensors], tuple[()]]:
        return IntermediateTensors, ()
