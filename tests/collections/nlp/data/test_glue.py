import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.common.tokenizers.by_name import get_tokenizer
from nemo.collections.nlp.data.glue import TASKS, GLUEDataset
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp import tiny_classifier as tiny

A, B = "play jazz", "book a table"
LINES = {
    # task: (header, line with the texts A and B, its label)
    "cola": (None, f"gj04\t1\t\t{A}", 1),
    "sst-2": ("sentence\tlabel", f"{A}\t0", 0),
    "mrpc": ("Quality\t#1 ID\t#2 ID\t#1 String\t#2 String", f"1\t7\t8\t{A}\t{B}", 1),
    "sts-b": ("i\tg\tf\ty\to\ts1\ts2\tsentence1\tsentence2\tscore", f"0\tg\tf\ty\to\ts\ts\t{A}\t{B}\t3.750", 3.75),
    "qqp": ("id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate", f"0\t1\t2\t{A}\t{B}\t1", 1),
    "mnli": ("\t".join("abcdefghijkl"), f"0\t1\t2\tg\ta\tb\tc\td\t{A}\t{B}\tn\tneutral", 2),
    "qnli": ("index\tquestion\tsentence\tlabel", f"0\t{A}\t{B}\tnot_entailment", 1),
    "rte": ("index\tsentence1\tsentence2\tlabel", f"0\t{A}\t{B}\tentailment", 0),
    "wnli": ("index\tsentence1\tsentence2\tlabel", f"0\t{A}\t{B}\t1", 1),
}  # fmt: skip


def written(folder, task, *lines):
    header = LINES[task][0]
    path = folder / "dev.tsv"
    path.write_text("".join(f"{line}\n" for line in (*([header] if header else []), *lines)), encoding="utf-8")
    return path


@pytest.fixture
def tokenizer(tmp_path):
    return get_tokenizer("bert-base-uncased", vocab_file=tiny.vocabulary(tmp_path))


@pytest.mark.parametrize("task", TASKS)
def test_texts_and_label_are_taken_from_their_columns(task, tokenizer, tmp_path):
    _, line, label = LINES[task]
    dataset = GLUEDataset(written(tmp_path, task, line, line), task, tokenizer, 16)
    inputs = dataset.inputs
    expected = inputs.of_text(A) if TASKS[task].second is None else inputs.of_pair(A, B)
    assert dataset.samples == [expected, expected]
    labels = dataset.collate_fn([dataset[0], dataset[1]])[3]
    assert labels.tolist() == [label, label]
    assert labels.is_floating_point() == (task == "sts-b")


def test_num_samples_does_not_count_the_header(tokenizer, tmp_path):
    path = written(tmp_path, "sst-2", "play\t0", "book\t1", "rock\t0")
    assert GLUEDataset(path, "sst-2", tokenizer, num_samples=2).labels == [0, 1]


@pytest.mark.parametrize(
    ("task", "line", "message"),
    [
        ("mrpc", "1\t7\tplay", "dev.tsv:2 has 3 columns: .*Expected 5 or more"),
        ("rte", "0\tplay\tbook\tmaybe", "dev.tsv:2 has the label 'maybe'. Expected one of entailment, not_entailment"),
        ("sts-b", LINES["sts-b"][1].replace("3.750", "high"), "dev.tsv:2 has the label 'high'. Expected a number"),
        ("sst-2", "", "has no examples after its header"),
    ],
)
def test_a_faulty_line_is_named(task, line, message, tokenizer, tmp_path):
    with pytest.raises(TextFileError, match=message):
        GLUEDataset(written(tmp_path, task, line), task, tokenizer)


def test_an_unknown_task_is_refused(tokenizer):
    with pytest.raises(ConfigError, match="task_name is 'squad'. Expected one of cola, sst-2"):
        GLUEDataset("dev.tsv", "squad", tokenizer)
