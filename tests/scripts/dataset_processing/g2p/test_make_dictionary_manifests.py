"""Manifests out of a pronunciation dictionary."""

import json

import pytest

from tests.scripts.running import load_script

ENTRIES = ["A  AH0", "A(1)  EY1", "BAD  B AE1 D", "CAT  K AE1 T", "DOG  D AO1 G", "EGG  EH1 G", "FUN  F AH1 N"]


@pytest.fixture
def dictionary(tmp_path):
    path = tmp_path / "small.dict"
    path.write_text("\n".join(ENTRIES) + "\n")
    return path


def written(folder):
    names = ("train", "validation", "test")
    return {name: [json.loads(line) for line in (folder / f"{name}.json").read_text().splitlines()] for name in names}


def test_no_word_is_in_two_and_held_out_words_have_one_pronunciation(dictionary, tmp_path, capsys):
    main = load_script("dataset_processing/g2p/make_dictionary_manifests.py").main
    arguments = [f"--dictionary={dictionary}", "--held_out=2"]
    assert main([*arguments, f"--output_dir={tmp_path / 'ipa'}"]) == 0
    assert "train.json: 2 words" in capsys.readouterr().out
    parts = written(tmp_path / "ipa")
    words = {name: [line["text_graphemes"] for line in lines] for name, lines in parts.items()}
    assert sorted(sum(words.values(), [])) == ["a", "a", "bad", "cat", "dog", "egg", "fun"]
    assert words["train"].count("a") == 2 and len(words["validation"]) == len(words["test"]) == 2
    phonemes = {line["text_graphemes"]: line["text"] for lines in parts.values() for line in lines}
    assert phonemes["cat"] == "kˈæt"
    assert main([*arguments, f"--output_dir={tmp_path / 'arpabet'}", "--alphabet=arpabet"]) == 0
    again = written(tmp_path / "arpabet")
    assert [line["text_graphemes"] for line in again["test"]] == words["test"]  # the seed is the same
    assert {"text_graphemes": "cat", "text": "K AE1 T"} in sum(again.values(), [])


def test_what_is_not_possible_is_told(dictionary, tmp_path, capsys):
    main = load_script("dataset_processing/g2p/make_dictionary_manifests.py").main
    assert main([f"--dictionary={dictionary}", f"--output_dir={tmp_path}", "--held_out=3"]) == 1
    assert "--held_out is 3, and the dictionary has 5 words with one pronunciation" in capsys.readouterr().err
    dictionary.write_text("CAT  K AE1 T\nDOG  D oo G\n")
    assert main([f"--dictionary={dictionary}", f"--output_dir={tmp_path}"]) == 1
    assert "small.dict:2: 'oo' is no phoneme of ARPABET, such as AH0. Expected an entry" in capsys.readouterr().err
