"""How often each label was given for each right one."""

import torch

from nemo.collections.nlp.metrics.confusion_matrix import confusion_matrix, write_confusion_matrix


def test_counts_and_the_table(tmp_path):
    counts = confusion_matrix(torch.tensor([0, 1, 1, 2]), torch.tensor([0, 0, 1, 1]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]
    write_confusion_matrix(counts, ["O", "A", "B"], tmp_path / "counts.tsv", normalize=False)
    assert (tmp_path / "counts.tsv").read_text().splitlines()[1] == "O\t1\t1\t0"
    write_confusion_matrix(counts, ["O", "A", "B"], tmp_path / "parts.tsv", normalize=True)
    assert (tmp_path / "parts.tsv").read_text().splitlines()[2:] == ["A\t0.0000\t0.5000\t0.5000", "B" + "\t0.0000" * 3]
