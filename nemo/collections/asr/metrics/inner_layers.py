"""Losses and error rates of an encoder's inner layers over whole sets; see `nemo.collections.asr.models.inter_ctc`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def inner_results(outputs: Sequence[dict[str, Tensor]], prefix: str) -> dict[str, Tensor]:
    """What a set's batches say of inner layers, combined: `<prefix>_inter_wer_l<i>`, mean losses and `_final_wer`.

    Args:
        outputs: of the batches, with the values of ``InterCTC.add_losses`` under `<prefix>_` names.
        prefix: val or test.

    Returns:
        Nothing where there are no inner losses.
    """
    if f"{prefix}_final_loss" not in outputs[0]:
        return {}

    def summed(name: str) -> Tensor:
        return torch.stack([output[name] for output in outputs]).sum()

    losses = [name for name in outputs[0] if name.startswith((f"{prefix}_final_loss", f"{prefix}_inter_ctc_loss_l"))]
    results = {name: summed(name) / len(outputs) for name in losses}
    results[f"{prefix}_final_wer"] = summed(f"{prefix}_wer_num") / summed(f"{prefix}_wer_denom")
    counted = f"{prefix}_inter_wer_num_l"
    for name in outputs[0]:
        if name.startswith(counted):
            layer = name.removeprefix(counted)
            results[f"{prefix}_inter_wer_l{layer}"] = summed(name) / summed(f"{prefix}_inter_wer_denom_l{layer}")
    return results
