import re

import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.parallel_text import TextSide, check_roles, read_parallel_lines
from nemo.collections.nlp.data.text_processors import PlainProcessor, make_processor, prepared
from nemo.utils.exceptions import ConfigError


def write(folder, first, second):
    files = folder / "a.en", folder / "a.de"
    for file, content in zip(files, (first, second), strict=True):
        file.write_bytes(content)
    return files


def test_lines_of_both_files_come_in_pairs(tmp_path):
    files = write(tmp_path, b"one\ntwo\r\n\n", b"eins\nzwei\n\n")
    source, target = read_parallel_lines(*files)
    assert [line.text for line in source] == ["one", "two", ""] and [line.text for line in target] == [
        "eins",
        "zwei",
        "",
    ]
    assert len(read_parallel_lines(*files, num_samples=2)[0]) == 2


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            b"one\ntwo\nthree\n",
            b"eins\n",
            r"a\.de has 1 lines and .*a\.en has 3: .*a\.en:2 \('two'\) has no translation",
        ),
        (b"one\n", b"eins\nzwei\n", r"a\.en has 1 lines and .*a\.de has 2: .*a\.de:2"),
        (b"", b"", r"are empty"),
        (b"", b"eins\n", r"a\.en has 0 lines"),
        (b"one\n", b"f\xfcnf\n", r"a\.de:1 has the byte 0xfc at column 2, which is not UTF-8.*iconv"),
    ],
)
def test_files_that_do_not_match_are_named_with_the_line(tmp_path, first, second, message):
    with pytest.raises(TextFileError, match=message):
        read_parallel_lines(*write(tmp_path, first, second))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TextFileError, match=re.escape(str(tmp_path / "gone.en"))):
        read_parallel_lines(tmp_path / "gone.en", tmp_path / "gone.de")


class Characters:
    bos_id, eos_id, pad_id = 1, 2, 0

    def text_to_ids(self, text):
        return [ord(character) for character in text]


def test_sentences_begin_and_end_and_may_name_their_language():
    assert TextSide(Characters()).tokens("ab") == [1, 97, 98, 2]
    assert TextSide(Characters(), prefix=7).tokens("ab") == [1, 7, 97, 98, 2]
    assert TextSide(Characters(), make_processor("en", "sentencepiece")).tokens("a.") == [1, 97, 32, 46, 2]


def test_tokenizers_without_start_end_or_padding_are_refused():
    check_roles(Characters(), "encoder_tokenizer")
    without = Characters()
    without.pad_id, without.bos_id = -1, None
    with pytest.raises(ConfigError, match="encoder_tokenizer has no token for bos, pad"):
        check_roles(without, "encoder_tokenizer")


def test_words_and_marks_are_set_apart_and_joined_again():
    processor = make_processor("de", "sentencepiece")
    text = "Er sagte: „Komm!“"
    tokens = prepared(processor, text)
    assert tokens == 'Er sagte : " Komm ! "'
    assert processor.detokenize(tokens.split(" ")) == 'Er sagte: "Komm!"'
    assert isinstance(make_processor("de", "byte-level"), PlainProcessor)
    assert make_processor("ja", "sentencepiece").detokenize(["今日", "は"]) == "今日は"
