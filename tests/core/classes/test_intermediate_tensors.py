import copy
import pickle

import torch

from nemo.core.classes.intermediate_tensors import IntermediateTensors


def test_tensors_of_one_name_are_kept_in_their_order():
    tensors = IntermediateTensors()
    first, second = torch.ones(2, requires_grad=True) * 2, torch.zeros(3)
    tensors.keep("a", first)
    tensors.keep("a", second)
    tensors.keep("b", first, detach=True, to_cpu=True)
    assert tensors["a"][0] is first and tensors["a"][1] is second
    assert first.requires_grad and not tensors["b"][0].requires_grad and torch.equal(tensors["b"][0], first)


def test_copies_are_empty_since_graphs_cannot_be_copied():
    tensors = IntermediateTensors()
    tensors.keep("a", torch.ones(2, requires_grad=True) * 2)
    for again in (copy.deepcopy(tensors), pickle.loads(pickle.dumps(tensors))):
        assert type(again) is IntermediateTensors and again == {}
    assert len(tensors) == 1
