"""Repeating and averaging against loops."""

import torch

from nemo.collections.tts.modules.durations import average_features, regulate_len


def test_vectors_are_repeated_as_often_as_durations_say():
    torch.manual_seed(0)
    durations = torch.tensor([[2.0, 0.0, 3.4], [1.0, 1.6, 0.0]])
    encoded = torch.randn(2, 3, 4)
    spread, frames = regulate_len(durations, encoded)
    assert frames.tolist() == [5, 3]
    for row, counts in enumerate([[2, 0, 3], [1, 2, 0]]):
        expected = torch.repeat_interleave(encoded[row], torch.tensor(counts), dim=0)
        assert torch.equal(spread[row, : len(expected)], expected)
        assert spread[row, len(expected) :].abs().sum() == 0


def test_pace_divides_durations():
    durations = torch.tensor([[4.0, 3.0]])
    assert regulate_len(durations, torch.ones(1, 2, 1), pace=2.0)[1].tolist() == [2 + 2]
    assert regulate_len(durations, torch.ones(1, 2, 1), pace=torch.tensor([[1.0, 3.0]]))[1].tolist() == [5]


def test_values_are_averaged_over_the_frames_of_a_token_that_have_one():
    pitch = torch.tensor([[[100.0, 0.0, 200.0, 0.0, 0.0, 300.0]]])
    durations = torch.tensor([[3, 2, 0, 1]])
    assert average_features(pitch, durations).tolist() == [[[150.0, 0.0, 0.0, 300.0]]]
