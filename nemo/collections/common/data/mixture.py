"""How many samples each of several datasets gives to an epoch, and whose turn it is.

Shares are kept exactly, not on average: an epoch of 100 samples at probabilities 0.7 and 0.3 has 70 and 30. With
`temperature` 1 every sample comes once in an epoch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from nemo.utils.exceptions import ConfigError

TECHNIQUES = ("temperature", "round-robin", "random")


def shares(
    lengths: Sequence[int],
    technique: str = "temperature",
    temperature: float = 5,
    probabilities: Sequence[float] | None = None,
) -> list[float]:
    """The part of an epoch that each dataset gives; together 1.

    Args:
        lengths: samples of each dataset.
        technique: `temperature`: in proportion to length ** (1 / temperature); `round-robin`: all alike; `random`: as
            `probabilities` say.
        temperature: 1 keeps the proportions of the datasets, larger values favour the small ones.
        probabilities: of `random`; they need not add up to 1.

    Raises:
        ConfigError: an unknown technique, or numbers that cannot be.
    """
    if technique not in TECHNIQUES:
        raise ConfigError(f"sampling_technique is {technique!r}. Expected one of {', '.join(TECHNIQUES)}; set one.")
    if technique == "round-robin":
        weights = [1.0] * len(lengths)
    elif technique == "temperature":
        if not temperature or temperature <= 0:
            raise ConfigError(f"sampling_temperature is {temperature!r}. Expected a number above 0; 1 keeps the sizes.")
        longest = max(lengths)
        weights = [(length / longest) ** (1 / temperature) for length in lengths]
    else:
        weights = list(probabilities or ())
        good = len(weights) == len(lengths) and all(0 <= w < math.inf for w in weights) and sum(weights) > 0
        if not good:
            raise ConfigError(
                f"sampling_probabilities is {probabilities!r}. With sampling_technique random, expected "
                f"{len(lengths)} numbers of 0 or more, one for each dataset; set them."
            )
    return [weight / sum(weights) for weight in weights]


def apportioned(total: int, parts: Sequence[float]) -> list[int]:
    """Whole numbers that add up to `total`, as near to the given parts of it as can be (Hamilton's method).

    Args:
        total: to be divided.
        parts: of each; together 1.
    """
    exact = [total * part for part in parts]
    counts = [math.floor(value + 1e-9) for value in exact]  # 0.1 + 0.2 must not cost a sample
    by_rest = sorted(range(len(parts)), key=lambda number: counts[number] - exact[number])
    for number in by_rest[: total - sum(counts)]:
        counts[number] += 1
    return counts


def turns(counts: Sequence[int], generator: torch.Generator, in_turn: bool = False) -> torch.Tensor:
    """Whose turn it is, for each sample of an epoch, [sum of counts].

    Args:
        counts: samples of each dataset.
        generator: of the order.
        in_turn: one of each dataset after the other, as long as they last, instead of a random order.
    """
    if in_turn:
        rounds = torch.cat([torch.arange(count) for count in counts])
        owners = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
        return owners[torch.argsort(rounds, stable=True)]
    owners = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return owners[torch.randperm(len(owners), generator=generator)]
