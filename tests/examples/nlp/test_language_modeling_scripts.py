"""Scripts beside the recipes of language models: what they write, on small files."""

import json
import runpy
import sys

import pytest

from nemo.collections.common.tokenizers.char_tokenizer import CharTokenizer
from nemo.collections.nlp.data.sentence_lm import build_sentence_loader
from nemo.collections.nlp.models import TransformerLMModel
from tests.collections.nlp.models.test_transformer_lm import LINES, config
from tests.collections.nlp.toy_text import character_vocabulary, write
from tests.conftest import REPOSITORY


def run(monkeypatch, script, *arguments):
    """Runs a script as its command line would."""
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    runpy.run_path(str(REPOSITORY / script))["main"]()


def test_wikitext_is_cleaned_and_split(tmp_path, monkeypatch):
    lines = [" = Title = ", *[f" the cat @-@ dog number {number} @,@ 000" for number in range(8)], " == Part == "]
    options = ("--text", write(tmp_path / "wiki.txt", lines), "--data_dir", tmp_path / "out", "--vocab_size", 0)
    run(monkeypatch, "examples/nlp/language_modeling/get_wkt2.py", *options)
    parts = [(tmp_path / "out" / f"{name}.txt").read_text().splitlines() for name in ("train", "valid", "test")]
    assert [len(part) for part in parts] == [8, 1, 1]
    assert sum(parts, []) == ["", *[f"the cat-dog number {number},000" for number in range(8)], ""]


def test_sentences_are_packed_in_tar_files(tmp_path, monkeypatch):
    vocabulary = character_vocabulary(tmp_path, LINES)
    options = (
        "--fname",
        write(tmp_path / "text.txt", LINES),
        "--out_dir",
        tmp_path / "out",
        "--tokenizer_name",
        "char",
    )
    options += ("--vocab_file", vocabulary, "--tokens_in_batch", 64, "--num_batches_per_tarfile", 2)
    run(monkeypatch, "examples/nlp/machine_translation/create_tarred_monolingual_dataset.py", *options)
    tar_files = sorted(str(path) for path in (tmp_path / "out").glob("*.tar"))
    section = {"use_tarred_dataset": True, "tar_files": tar_files}
    tokenizer = CharTokenizer(vocabulary)
    loader = build_sentence_loader(
        {**section, "metadata_file": str(tmp_path / "out/metadata.tokens.64.json")}, tokenizer
    )
    found = [tokenizer.ids_to_text(row.tolist()) for tokens, _ in loader for row in tokens]
    assert sorted(found) == sorted(LINES)
    assert len(tar_files) > 1


def test_rescoring_script_reports_error_rates(tmp_path, monkeypatch, caplog):
    TransformerLMModel(config(tmp_path)).save_to(str(tmp_path / "lm.nemo"))
    beams = write(tmp_path / "beams.tsv", ["the cat\t-1", "a cat\t-2", "we go\t-1", "we go now\t-1.5"])
    rows = [{"audio_filepath": "a.wav", "duration": 1.0, "text": text} for text in ("the cat", "we go now")]
    manifest = write(tmp_path / "dev.json", [json.dumps(row) for row in rows])
    options = ("--lm_model", tmp_path / "lm.nemo", "--beams_file", beams, "--beam_size", 2, "--eval_manifest", manifest)
    script = "scripts/asr_language_modeling/neural_rescorer/eval_neural_rescorer.py"
    with caplog.at_level("INFO"):
        run(monkeypatch, script, *options, "--alpha", 0, "--beta", 0, 1)
    assert "20.00 % before, 0.00 % with alpha 0, beta 1" in caplog.text
    with pytest.raises(SystemExit):
        run(monkeypatch, script, *options[:5], 4, *options[6:])
