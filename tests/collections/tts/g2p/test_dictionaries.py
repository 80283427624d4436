"""Dictionaries are read, and what does not fit is told with its place."""

import pytest
from omegaconf import OmegaConf

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.tts.g2p.dictionaries import (
    checked_pronunciations,
    read_cmu_dictionary,
    read_ipa_dictionary,
    read_symbol_dictionary,
    read_words,
)
from nemo.utils.exceptions import ConfigError


def test_entries_of_a_cmu_dictionary(cmu):
    entries = read_cmu_dictionary(cmu)
    assert entries["a"] == [["AH0"], ["EY1"]] and entries["'tis"] == [["T", "IH1", "Z"]]
    assert entries["dog"] == [["D", "AO1", "G"]]
    assert not [word for word in entries if "(" in word or "!" in word]


def test_entries_of_an_ipa_dictionary(ipa):
    entries = read_ipa_dictionary(ipa)
    assert entries["HELLO"] == [list("həˈloʊ")] and entries["HOUSE"] == [list("ˈhaʊs")]
    assert entries["LIVE"] == [list("ˈlɪv"), list("ˈlaɪv")] and entries["READ"] == [list("ˈɹɛd"), list("ˈɹiːd")]


@pytest.mark.parametrize(
    ("read", "line", "message"),
    [
        (read_cmu_dictionary, "CAT", "bad.dict:2 is 'CAT': no pronunciation. Expected an entry such as 'HELLO"),
        (read_cmu_dictionary, "CAT  k æ t", "bad.dict:2: 'k' is no phoneme of ARPABET"),
        (read_ipa_dictionary, "CAT", "bad.dict:2 is 'CAT': no pronunciation"),
        (read_ipa_dictionary, "CAT kæt,", "bad.dict:2 is 'CAT kæt,': no pronunciation"),
        (read_symbol_dictionary, "ni", "bad.dict:2 is 'ni': no pronunciation"),
        (read_words, "two words", "bad.dict:2 is 'two words'; expected one word"),
    ],
)
def test_broken_lines_are_named(read, line, message, tmp_path):
    path = tmp_path / "bad.dict"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(TextFileError, match="bad.dict:2") as caught:
        read(path)
    assert message in str(caught.value)


def test_missing_empty_and_wrongly_encoded_files_are_named(tmp_path):
    with pytest.raises(TextFileError, match="none.dict does not exist. Expected a pronunciation dictionary"):
        read_cmu_dictionary(tmp_path / "none.dict")
    with pytest.raises(TextFileError, match="is a folder"):
        read_words(tmp_path)
    empty = tmp_path / "empty.dict"
    empty.write_text("# nothing\n")
    with pytest.raises(TextFileError, match="has no entries"):
        read_ipa_dictionary(empty)
    empty.write_bytes(b"\n\xe9\n")
    with pytest.raises(TextFileError, match="empty.dict:2 has the byte 0xe9, which is not utf-8"):
        read_ipa_dictionary(empty)


@pytest.mark.parametrize("entry", ["K AE T", [], ["KAT"], [[]], None])
def test_given_dictionaries_are_lists_of_pronunciations(entry):
    with pytest.raises(ConfigError, match="phoneme_dict has 'cat'"):
        checked_pronunciations({"cat": entry})


def test_a_dictionary_may_stand_in_a_config():
    section = OmegaConf.create({"hi": [["HH", "AY1"]], "read": [["R", "IY1", "D"], ["R", "EH1", "D"]]})
    assert checked_pronunciations(section) == OmegaConf.to_container(section)
