import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.tts.g2p.wordids import read_wordid_phonemes, read_wordids


def test_words_have_the_ids_of_their_readings_in_the_order_of_the_table(tmp_path):
    path = tmp_path / "wordids.tsv"
    path.write_text(
        "homograph\twordid\tlabel\tpronunciation\nread\tread_present\tx\ty\nLead\tlead_metal\nread\tread_past\n"
    )
    heteronyms, numbers = read_wordids(path)
    assert heteronyms == {"read": ["read_present", "read_past"], "lead": ["lead_metal"]}
    assert numbers == {"read_present": 0, "lead_metal": 1, "read_past": 2}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("homograph\twordid\nread\n", r"wordids.tsv:2 is 'read': no word id. Expected read<TAB>read_present"),
        ("read\ta\nlead\ta\n", r"wordids.tsv:2 has the id 'a' for the second time"),
        ("homograph\twordid\nread\ta\n", r"wordids.tsv has 1 word ids"),
        ("read\ta\nl\udcffad\tb\n", r"wordids.tsv:2 has the byte 0xff"),
    ],
)
def test_broken_tables_are_told_with_their_line(tmp_path, content, message):
    (tmp_path / "wordids.tsv").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(TextFileError, match=message):
        read_wordids(tmp_path / "wordids.tsv")


def test_phonemes_of_readings(tmp_path):
    path = tmp_path / "ipa.tsv"
    path.write_text("word_id\tipa\nread_past\tɹˈɛd\nread_present  R IY1 D\n", encoding="utf-8")
    assert read_wordid_phonemes(path) == {"read_past": "ɹˈɛd", "read_present": "R IY1 D"}
    path.write_text("read_past\n")
    with pytest.raises(TextFileError, match=r"ipa.tsv:1 is 'read_past': no phonemes"):
        read_wordid_phonemes(path)
    with pytest.raises(TextFileError, match="nowhere.tsv does not exist"):
        read_wordid_phonemes(tmp_path / "nowhere.tsv")
