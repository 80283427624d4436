"""Files of tokenizers that are not what they should be."""

import pytest

from nemo.collections.common.tokenizers import CharTokenizer, WordPieceTokenizer, vocabulary_file
from nemo.collections.common.tokenizers.vocabulary_file import read_json, read_lines, read_text
from nemo.utils.exceptions import ConfigError


def test_lines_end_at_newlines_only(tmp_path):
    path = tmp_path / "v.txt"
    path.write_bytes("\ufeffa\r\nb\u2028c\n\n d\x0c\n".encode())
    assert read_lines(path, "a vocabulary") == ["a", "b\u2028c", "", " d\x0c"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"a\xff\n", "is not UTF-8 text"),
        (b"a\n" + b"x" * 101, "line 2 has 101"),
    ],
)
def test_faults_name_the_file_and_what_was_expected(tmp_path, content, said):
    path = tmp_path / "v.txt"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"v\.txt.*{said}.*Expected a list of words"):
        read_lines(path, "a list of words", longest=100)


def test_missing_and_huge_files_are_not_read(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"gone\.txt does not exist. Expected the path of a list"):
        read_text(tmp_path / "gone.txt", "a list")
    (tmp_path / "v.txt").write_text("abc")
    monkeypatch.setattr(vocabulary_file, "LARGEST_BYTES", 2)
    with pytest.raises(ConfigError, match="has 3 bytes. Expected a list, at most 2"):
        read_text(tmp_path / "v.txt", "a list")


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "nonsense"])
def test_bad_json_is_named(tmp_path, text):
    (tmp_path / "v.json").write_text(text)
    with pytest.raises(ConfigError, match=r"v\.json is not JSON"):
        read_json(tmp_path / "v.json", "a vocabulary")


@pytest.mark.parametrize("kind", [CharTokenizer, WordPieceTokenizer])
@pytest.mark.parametrize("content", [b"\x80\x81", b"'" + b"(" * 500 + b"\n", b"x" * 200_000, b"\0\0\0", b"{" * 5000])
def test_no_tokenizer_takes_garbage(tmp_path, kind, content):
    (tmp_path / "bad.txt").write_bytes(content)
    with pytest.raises(ConfigError, match=r"bad\.txt"):
        kind(tmp_path / "bad.txt")
