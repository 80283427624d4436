"""Tokenizers from manifests."""

import json

import pytest

from nemo.collections.common.tokenizers.from_config import build_tokenizer
from tests.scripts.running import load_script

script = load_script("tokenizers/process_asr_text_tokenizer.py")
TEXTS = ["The cat sat on the mat", "a dog ran over the hill and then home", "numbers one two three"] * 20


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "train.json"
    path.write_text("\n".join(json.dumps({"audio_filepath": "a.wav", "duration": 1, "text": text}) for text in TEXTS))
    return path


def test_three_lines_and_64_pieces(tmp_path, manifest, capsys):
    options = [f"--manifest={manifest}", f"--data_root={tmp_path / 'out'}", "--vocab_size=64"]
    assert script.main([*options, "--tokenizer=spe", "--spe_type=unigram", "--log"]) == 0
    folder = tmp_path / "out/tokenizer_spe_unigram_v64"
    assert capsys.readouterr().out.splitlines()[-1] == str(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["tokenizer.model", "tokenizer.vocab", "vocab.txt"]
    built = build_tokenizer({"dir": str(folder), "type": "bpe"})
    assert 20 < len(built.vocabulary) <= 64
    assert built.tokenizer.ids_to_text(built.tokenizer.text_to_ids("The cat")) == "the cat"
    assert (tmp_path / "out/text_corpus/document.txt").read_text().splitlines() == TEXTS


def test_options_reach_the_model_and_its_name(tmp_path, manifest, capsys):
    options = [f"--manifest={manifest},{manifest}", f"--data_root={tmp_path}", "--vocab_size=60", "--tokenizer=spe"]
    options += ["--spe_bos", "--spe_eos", "--spe_pad", "--spe_max_sentencepiece_length=3", "--no_lower_case"]
    options += ["--spe_user_defined_symbols", "<a>", "<b>", "--spe_split_digits", "--spe_no_split_by_whitespace"]
    assert script.main(options) == 0
    folder = tmp_path / "tokenizer_spe_bpe_v60_max_3_pad_bos_eos"
    tokenizer = build_tokenizer({"dir": str(folder), "type": "bpe"}).tokenizer
    assert (tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id) == (1, 2, 3)
    assert {"<a>", "<b>"} <= set(tokenizer.vocab)
    assert "T" in "".join(tokenizer.vocab)


def test_wordpiece(tmp_path, manifest, capsys):
    (tmp_path / "text.txt").write_text("\n".join(TEXTS))
    for source in (f"--manifest={manifest}", f"--data_file={tmp_path / 'text.txt'}"):
        assert script.main([source, f"--data_root={tmp_path / 'w'}", "--vocab_size=80", "--tokenizer=wpe"]) == 0
        built = build_tokenizer({"dir": str(tmp_path / "w/tokenizer_wpe_v80"), "type": "wpe"})
        assert built.vocabulary[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        assert built.tokenizer.ids_to_text(built.tokenizer.text_to_ids("the cat ran home")) == "the cat ran home"


def test_rare_words_become_pieces_of_wordpiece_on_request(tmp_path, capsys):
    (tmp_path / "once.txt").write_text("zebra\n")
    common = [f"--data_file={tmp_path / 'once.txt'}", f"--data_root={tmp_path}", "--tokenizer=wpe", "--vocab_size=99"]
    for options, is_piece in (([], False), (["--wpe_min_frequency=1"], True)):
        assert script.main([*common, *options]) == 0
        assert ("zebra" in (tmp_path / "tokenizer_wpe_v99/vocab.txt").read_text().split()) == is_piece


def test_failures_are_one_line(tmp_path, capsys):
    (tmp_path / "bad.json").write_text('{"text": "a"}\n{"text": 5}\n')
    for options, said in (
        ([f"--manifest={tmp_path / 'gone.json'}"], "does not exist"),
        ([f"--manifest={tmp_path / 'bad.json'}"], "object 2"),
        ([f"--data_file={tmp_path / 'gone.txt'}"], "gone.txt does not exist"),
    ):
        assert script.main([*options, f"--data_root={tmp_path}"]) == 1
        assert said in capsys.readouterr().err
