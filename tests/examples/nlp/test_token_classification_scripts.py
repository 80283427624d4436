"""Scripts beside the recipes of word labels and punctuation: what they write, on small files."""

import json
import runpy
import sys

import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.models import PunctuationCapitalizationModel, TokenClassificationModel
from tests.collections.nlp.toy_tagging import PUNCT_TEXT, ner_config, punctuation_config
from tests.collections.nlp.toy_training import fit
from tests.conftest import REPOSITORY
from tests.scripts.running import served

FOLDER = REPOSITORY / "examples" / "nlp" / "token_classification"


def run(monkeypatch, script, *arguments):
    """Runs a script as its command line would."""
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    runpy.run_path(str(FOLDER / script))["main"]()


def test_iob_files_become_text_and_labels(tmp_path, monkeypatch):
    (tmp_path / "dev.txt").write_text("-DOCSTART- O\n\nAnna NNP B-PER\nsees VBZ O\n\n\nRome NNP B-LOC\n")
    run(monkeypatch, "data/import_from_iob_format.py", "--data_file", tmp_path / "dev.txt")
    assert (tmp_path / "text_dev.txt").read_text() == "Anna sees\nRome\n"
    assert (tmp_path / "labels_dev.txt").read_text() == "B-PER O\nB-LOC\n"
    (tmp_path / "bad.txt").write_text("Anna O\nsees\n")
    with pytest.raises(TextFileError, match=r"bad\.txt:2 has 'sees' alone"):
        run(monkeypatch, "data/import_from_iob_format.py", "--data_file", tmp_path / "bad.txt")


def test_written_text_becomes_words_and_labels(tmp_path, monkeypatch):
    (tmp_path / "train.txt").write_text("Hello, you!\n")
    arguments = ("-s", tmp_path / "train.txt", "-o", tmp_path / "out", "-p", "!,")
    run(monkeypatch, "data/prepare_data_for_punctuation_capitalization.py", *arguments)
    assert (tmp_path / "out" / "labels_train.txt").read_text() == ",U !O\n"


def test_tatoeba_is_fetched_filtered_and_split(tmp_path, monkeypatch):
    rows = [f"{number}\teng\tThis is sentence {number}, really." for number in range(20)]
    rows += ["20\tdeu\tGuten Abend.", "21\teng\tNo mark at the end", "22\teng\tIs it?", "23\teng\tStop!"]
    web = tmp_path / "web"
    web.mkdir()
    (web / "sentences.csv").write_text("\n".join(rows) + "\n")
    with served(web) as address:
        arguments = ("--data_dir", tmp_path / "data", "--percent_dev", 20, "--url", f"{address}/sentences.csv")
        run(monkeypatch, "data/get_tatoeba_data.py", *arguments)
    lines = {name: (tmp_path / "data" / f"text_{name}.txt").read_text().splitlines() for name in ("train", "dev")}
    words = " ".join(lines["train"] + lines["dev"]).split()
    assert words.count("sentence") == 20 and words.count("stop") == 1 and "deutsch" not in words and "mark" not in words
    assert len(lines["dev"]) == round(0.2 * len(lines["train"] + lines["dev"]))
    labels = " ".join((tmp_path / "data" / f"labels_{name}.txt").read_text() for name in ("train", "dev")).split()
    assert labels.count("?O") == 1 and labels.count(",O") == 20 and labels.count("OU") == 21


def test_tar_files_are_written(tmp_path, monkeypatch):
    punctuation_config(tmp_path)
    files = ("--text", tmp_path / "text_train.txt", "--labels", tmp_path / "labels_train.txt")
    sizes = ("--tokens_in_batch", 20, "--max_seq_length", 32, "--num_batches_per_tarfile", 2)
    tokenizer = ("--tokenizer_name", "bert-base-uncased", "--vocab_file", tmp_path / "vocab.txt")
    script = "data/create_punctuation_capitalization_tarred_dataset.py"
    run(monkeypatch, script, *files, *sizes, *tokenizer, "--output_dir", tmp_path / "tarred")
    (metadata,) = (tmp_path / "tarred").glob("metadata.*.json")
    content = json.loads(metadata.read_text())
    assert all((tmp_path / "tarred" / name).is_file() for name in content["tar_files"])


def test_inference_writes_texts_and_manifests(tmp_path, monkeypatch):
    model = PunctuationCapitalizationModel(punctuation_config(tmp_path))
    model.save_to(str(tmp_path / "p.nemo"))
    windows = {"max_seq_length": 12, "step": 4, "margin": 2}
    wanted = model.add_punctuation_capitalization(PUNCT_TEXT, **windows)
    options = ("-P", tmp_path / "p.nemo", "-L", 12, "-s", 4, "-g", 2)
    run(monkeypatch, "punctuate_capitalize_infer.py", *options, "-t", tmp_path / "text_train.txt", "-T", tmp_path / "o")
    assert (tmp_path / "o").read_text().splitlines() == wanted
    entries = [{"pred_text": PUNCT_TEXT[0], "text": "x"}, {"text": PUNCT_TEXT[1]}]
    (tmp_path / "asr.json").write_text("\n".join(map(json.dumps, entries)) + "\n")
    run(
        monkeypatch, "punctuate_capitalize_infer.py", *options, "-m", tmp_path / "asr.json", "-M", tmp_path / "out.json"
    )
    found = [json.loads(line) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert found == [{"pred_text": wanted[0], "text": "x"}, {"text": wanted[1]}]
    with pytest.raises(SystemExit):
        run(monkeypatch, "punctuate_capitalize_infer.py", *options, "-t", "x", "-M", "y")


@pytest.mark.filterwarnings("ignore")  # of Hydra and Lightning, in the working folder
def test_evaluation_script_reports(tmp_path, monkeypatch):
    model = TokenClassificationModel(ner_config(tmp_path))
    fit(model, 1)
    model.save_to(str(tmp_path / "ner.nemo"))
    monkeypatch.chdir(tmp_path)
    run(
        monkeypatch,
        "token_classification_evaluate.py",
        f"pretrained_model={tmp_path / 'ner.nemo'}",
        f"model.dataset.data_dir={tmp_path}",
        "model.test_ds.text_file=text_train.txt",
        "model.test_ds.labels_file=labels_train.txt",
        f"+output_dir={tmp_path / 'out'}",
    )
    assert "all entities" in (tmp_path / "out" / "report.txt").read_text()
    assert (tmp_path / "out" / "confusion_matrix.tsv").is_file()
