"""A model that is not sharded keeps PyTorch's ways; sharded ones are in tests/scale."""

import torch

from nemo.utils.whole_weights import is_sharded, load_whole_state_dict, whole_state_dict


def test_a_model_in_one_process_is_whole():
    model, other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    assert not is_sharded(model)
    state = whole_state_dict(model)
    assert state["weight"].data_ptr() == model.weight.data_ptr()
    load_whole_state_dict(other, state)
    assert torch.equal(other.weight, model.weight)
