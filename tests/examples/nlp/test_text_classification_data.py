"""Preparation of published classification data, on files made here."""

import importlib.util

import pytest

from tests.examples.nlp.toy_recipes import EXAMPLES, write_lines


@pytest.fixture(scope="module")
def script():
    path = EXAMPLES / "text_classification" / "data" / "import_datasets.py"
    spec = importlib.util.spec_from_file_location("import_datasets", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(script, name, folder):
    given = [
        "--dataset_name",
        name,
        "--source_data_dir",
        str(folder / "source"),
        "--target_data_dir",
        str(folder / "out"),
    ]
    return script.main(given)


def test_sst_2_loses_its_header(script, tmp_path):
    for part in ("train", "dev"):
        write_lines(tmp_path / "source" / f"{part}.tsv", ["sentence\tlabel", f"a fine {part} \t1", "dull\t0"])
    assert run(script, "sst-2", tmp_path) == 0
    assert (tmp_path / "out" / "train.tsv").read_text() == "a fine train\t1\ndull\t0\n"
    assert (tmp_path / "out" / "train_texts.txt").read_text() == "a fine train\ndull\n"


def test_imdb_folders_become_labels(script, tmp_path):
    for part in ("train", "test"):
        for name, text in (("neg", "bad<br />\tvery"), ("pos", "good")):
            write_lines(tmp_path / "source" / part / name / "0_1.txt", [text])
    assert run(script, "imdb", tmp_path) == 0
    assert (tmp_path / "out" / "test.tsv").read_text() == "bad very\t0\ngood\t1\n"


def test_a_faulty_file_ends_the_script_with_its_line(script, tmp_path, caplog):
    write_lines(tmp_path / "source" / "train.tsv", ["fine\t1", "no label"])
    assert run(script, "tsv", tmp_path) == 1
    assert "train.tsv:2 has no label" in caplog.text
