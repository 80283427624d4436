"""A typed call against the same call of a plain module: a tensor and lengths in, both out with their types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.measure import compare, emit
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LengthsType, MelSpectrogramType, NeuralType

CALLS = 5000
LIMIT_US = 6.0
ORIGINAL_US = {"us_typed": 26.63, "us_disabled": 1.75, "us_bare": 1.25}
"""Release 1.23 on a machine of the same kind."""


class Bare(nn.Module):
    """Gives what it is given."""

    def forward(self, x: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
        """Returns x and n."""
        return x, n


class Typed(NeuralModule):
    """The same with types that are the class's."""

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """A mel spectrogram and its lengths."""
        return {"x": NeuralType(("B", "D", "T"), MelSpectrogramType()), "n": NeuralType(tuple("B"), LengthsType())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """A mel spectrogram and its lengths."""
        return {"y": NeuralType(("B", "D", "T"), MelSpectrogramType()), "n": NeuralType(tuple("B"), LengthsType())}

    @typecheck()
    def forward(self, x: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
        """Returns x and n."""
        return x, n


class TypedByInstance(Typed):
    """The same with types that depend on the instance, so that they are asked for at each call."""

    element = MelSpectrogramType()

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """A mel spectrogram and its lengths."""
        return {"x": NeuralType(("B", "D", "T"), self.element), "n": NeuralType(tuple("B"), LengthsType())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """A mel spectrogram and its lengths."""
        return {"y": NeuralType(("B", "D", "T"), self.element), "n": NeuralType(tuple("B"), LengthsType())}


def main() -> None:
    """Prints one line: microseconds of a call that is typed, bare, disabled, and typed by the instance."""
    x, n = torch.zeros(2, 8, 16), torch.tensor([16, 16])

    def calls(module: nn.Module) -> Callable[[], None]:
        def run() -> None:
            for _ in range(CALLS):
                module(x=x, n=n)

        return run

    def disabled() -> None:
        with typecheck.disable_checks():
            run_typed()

    run_typed = calls(Typed())
    timings = compare(
        {"bare": calls(Bare()), "typed": run_typed, "disabled": disabled, "by_instance": calls(TypedByInstance())},
        repetitions=9,
    )
    us: dict[str, Any] = {f"us_{name}": 1e6 * timing.median / CALLS for name, timing in timings.items()}
    emit(
        "typecheck",
        us["us_typed"],
        unit="us",
        limit=LIMIT_US,
        reference=us["us_bare"],
        timing=timings["typed"],
        limit_us=LIMIT_US,
        ratio=us["us_typed"] / us["us_bare"],
        original=ORIGINAL_US,
        **us,
    )


if __name__ == "__main__":
    main()
