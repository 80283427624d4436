import random

import pytest
import torch

from nemo.collections.asr.decoding.batched_alignments import BatchedAlignments
from nemo.collections.asr.decoding.batched_hypotheses import BatchedHyps, batched_hyps_to_hypotheses
from nemo.utils.exceptions import ConfigError


@pytest.mark.parametrize("masked", [False, True])
def test_hypotheses_are_those_of_lists(masked):
    numbers = random.Random(0)
    batch, steps = 3, 9
    hyps = BatchedHyps(batch, init_length=1, float_dtype=torch.float64)
    lists = [[] for _ in range(batch)]
    times = [0] * batch
    for _ in range(steps):
        rows = sorted(numbers.sample(range(batch), numbers.randint(0, batch)))
        labels, scores = torch.randint(0, 9, (batch,)), torch.rand(batch, dtype=torch.float64)
        for row in rows:
            times[row] += numbers.randint(0, 1)
            lists[row].append((int(labels[row]), times[row], float(scores[row])))
        if masked:
            mask = torch.tensor([row in rows for row in range(batch)])
            hyps.add_results_masked_(mask, labels, torch.tensor(times), scores)
        else:
            index = torch.tensor(rows, dtype=torch.long)
            hyps.add_results_(index, labels[index], torch.tensor(times)[index], scores[index])
    assert hyps.current_lengths.tolist() == [len(entries) for entries in lists]
    for hypothesis, entries, row in zip(batched_hyps_to_hypotheses(hyps), lists, range(batch), strict=True):
        assert hypothesis.y_sequence.tolist() == [label for label, _, _ in entries]
        assert hypothesis.timestep.tolist() == [time for _, time, _ in entries]
        assert hypothesis.score == pytest.approx(sum(score for _, _, score in entries))
        last = entries[-1][1]
        assert hyps.last_timestep[row] == last
        assert hyps.last_timestep_lasts[row] == [time for _, time, _ in entries].count(last)
    hyps.clear_()
    assert [len(hypothesis.y_sequence) for hypothesis in batched_hyps_to_hypotheses(hyps, batch_size=2)] == [0, 0]


def test_alignments_are_by_frame():
    alignments = BatchedAlignments(2, 4, 1, store_frame_confidence=True)
    scores = torch.randn(3, 2, 4)
    alignments.add_results_(torch.tensor([0, 1]), torch.tensor([0, 0]), scores[0], torch.tensor([1, 3]), torch.ones(2))
    only = torch.tensor([0])
    alignments.add_results_(only, torch.tensor([0]), scores[1][:1], torch.tensor([3]), torch.tensor([0.5]))
    alignments.add_results_(only, torch.tensor([1]), scores[2][:1], torch.tensor([3]), torch.tensor([0.25]))
    first, second = batched_hyps_to_hypotheses(BatchedHyps(2, 1), alignments)
    assert [[int(label) for _, label in frame] for frame in first.alignments] == [[1, 3], [3]]
    assert torch.equal(first.alignments[1][0][0], scores[2][0])
    assert torch.equal(second.alignments[0][0][0], scores[0][1])
    assert (first.frame_confidence, second.frame_confidence) == ([[1.0, 0.5], [0.25]], [[1.0]])
    alignments.clear_()
    assert batched_hyps_to_hypotheses(BatchedHyps(2, 1), alignments)[0].alignments == []


def test_faults_are_told():
    for numbers in ((0, 1), (1, -1)):
        with pytest.raises(ConfigError, match="at least 1"):
            BatchedHyps(*numbers)
    with pytest.raises(ConfigError, match="logits_dim 0"):
        BatchedAlignments(1, 0, 1)
    with pytest.raises(ConfigError, match="labels are None"):
        BatchedAlignments(1, 2, 1).add_results_(torch.tensor([0]), torch.tensor([0]))
