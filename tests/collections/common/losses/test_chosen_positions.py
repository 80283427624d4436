"""Which positions count."""

import torch

from nemo.collections.common.losses.chosen_positions import chosen_positions


def test_mask_chooses_in_order():
    predictions, labels = torch.arange(12.0).reshape(2, 2, 3), torch.tensor([[1, 2], [0, 1]])
    chosen, targets = chosen_positions(predictions, labels, torch.tensor([[0.0, 1.0], [1.0, 0.5]]))
    assert chosen.tolist() == [[3, 4, 5], [6, 7, 8]]
    assert targets.tolist() == [2, 0]
    chosen, targets = chosen_positions(predictions, predictions, None)
    assert chosen.shape == targets.shape == (4, 3)
