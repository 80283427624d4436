"""Matches of a regular expression as tokens."""

import pytest

from nemo.collections.common.tokenizers import RegExTokenizer
from nemo.utils.exceptions import ConfigError

SMILES = r"\[[^\]]+\]|Br|Cl|[BCNOPSFI]|[bcnops]|[()=#+\-/\\.:~@*$]|%[0-9]{2}|[0-9]"
SPECIAL = ["<PAD>", "?", "^", "&", "<MASK>", "<SEP>"]


@pytest.fixture
def tokenizer(tmp_path):
    (tmp_path / "molecules.csv").write_text('name,smiles\na,CC(=O)Cl\nb,"C[NH+]1CC1"\nc,\n')
    tokenizer = RegExTokenizer(SMILES)
    tokenizer.build_vocab_from_csv(tmp_path / "molecules.csv")
    return tokenizer


def test_a_new_tokenizer_knows_its_special_tokens():
    tokenizer = RegExTokenizer(SMILES)
    assert list(tokenizer.vocab) == SPECIAL
    ids = (tokenizer.pad_id, tokenizer.unk_id, tokenizer.bos_id, tokenizer.eos_id, tokenizer.mask_id, tokenizer.sep_id)
    assert ids == (0, 1, 2, 3, 4, 5)
    assert tokenizer.text_to_ids("C") == [2, 1, 3]
    assert (tokenizer.pad, tokenizer.mask) == (0, 4)


def test_molecules_are_cut_into_atoms_and_bonds(tokenizer):
    assert list(tokenizer.vocab) == [*SPECIAL, "C", "(", "=", "O", ")", "Cl", "[NH+]", "1"]
    assert tokenizer.text_to_tokens("CCl[NH+]") == ["^", "C", "Cl", "[NH+]", "&"]
    assert tokenizer.text_to_ids("CClBr") == [2, 6, 11, 1, 3]
    ids = tokenizer.text_to_ids("CC(=O)Cl")
    assert tokenizer.ids_to_text([*ids, 0, 0]) == "CC(=O)Cl"
    assert tokenizer.vocab_size == 14
    assert tokenizer.tokens_to_ids("Cl") == 11


def test_files_hold_the_expression_and_the_tokens(tokenizer, tmp_path):
    tokenizer.save_tokenizer(tmp_path / "m.model", tmp_path / "m.vocab")
    assert (tmp_path / "m.model").read_text() == SMILES
    again = RegExTokenizer().load_tokenizer(tmp_path / "m.model", tmp_path / "m.vocab")
    assert again.vocab == tokenizer.vocab
    assert again.text_to_ids("C[NH+]1") == tokenizer.text_to_ids("C[NH+]1")


def test_a_text_file_gives_a_vocabulary_too(tmp_path):
    (tmp_path / "t.txt").write_text("CO\nCN\n")
    tokenizer = RegExTokenizer(SMILES)
    tokenizer.build_vocab_from_text(tmp_path / "t.txt")
    assert list(tokenizer.vocab)[6:] == ["C", "O", "N"]


def test_faults_are_named(tokenizer, tmp_path):
    for wrong in ("[", "(a)(b)", "a**"):
        with pytest.raises(ConfigError, match="regex is"):
            RegExTokenizer(wrong)
    (tmp_path / "bad.model").write_text("[")
    (tmp_path / "bad.vocab").write_text("<PAD>\n?\n^\n")
    with pytest.raises(ConfigError, match=r"bad\.model is '\['"):
        RegExTokenizer().load_tokenizer(tmp_path / "bad.model")
    with pytest.raises(ConfigError, match=r"bad\.vocab has no '&'"):
        RegExTokenizer().load_tokenizer(vocab_file=tmp_path / "bad.vocab")
    with pytest.raises(ConfigError, match="has the columns name, smiles. Expected 'text'"):
        tokenizer.build_vocab_from_csv(tmp_path / "molecules.csv", col="text")
    with pytest.raises(FileNotFoundError, match=r"gone\.csv"):
        tokenizer.build_vocab_from_csv(tmp_path / "gone.csv")
