"""Outputs of the steps of several processes become those of one."""

import torch

from nemo.core.classes import evaluation_outputs
from nemo.core.classes.evaluation_outputs import outputs_of_all_processes

CPU = torch.device("cpu")


class Loader:
    def __init__(self, counted_batches):
        self.counted_batches = counted_batches


def test_one_process_keeps_its_outputs():
    outputs = [{"loss": torch.tensor(1.0)}]
    assert outputs_of_all_processes(outputs, Loader(1), CPU) == (outputs, False)


def test_outputs_come_in_the_order_of_the_data_and_repeats_are_left_out(monkeypatch):
    # five batches in two processes: 0, 2, 4 and 1, 3, and 1 once more
    sent = []

    def of_every_process(own):
        sent.extend(own)
        return [[{"loss": torch.tensor(float(batch))} for batch in (0, 2, 4)], own]

    monkeypatch.setattr(evaluation_outputs, "data_parallel_place", lambda: (1, 2))
    monkeypatch.setattr(evaluation_outputs, "of_every_process", of_every_process)
    own = [{"loss": torch.tensor(float(batch))} for batch in (1, 3, 1)]
    outputs, are_all = outputs_of_all_processes(own, Loader(2), CPU)
    assert are_all
    assert [float(output["loss"]) for output in outputs] == [0, 1, 2, 3, 4]
    assert len(sent) == 2


def test_loaders_that_do_not_deal_out_keep_their_outputs(monkeypatch):
    monkeypatch.setattr(evaluation_outputs, "data_parallel_place", lambda: (1, 2))
    outputs = [{"loss": torch.tensor(1.0)}]
    assert outputs_of_all_processes(outputs, Loader(None), CPU) == (outputs, False)
    assert outputs_of_all_processes(outputs, None, CPU) == (outputs, False)
