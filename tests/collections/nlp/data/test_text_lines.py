import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.text_lines import read_lines


def test_lines_have_numbers_places_and_no_ends(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes("\ufeffüber\r\n\nlast".encode())
    lines = read_lines(file)
    assert [line.text for line in lines] == ["über", "", "last"]
    assert lines[2].place == f"{file}:3"


def test_num_samples_limits_from_the_start(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("a\nb\nc\n")
    assert [line.text for line in read_lines(file, 2)] == ["a", "b"]
    assert len(read_lines(file, -1)) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), (b"", "is empty"), (b"good\nna\xefve\n", r"a.txt:2 has the byte 0xef at column 3")],
)
def test_what_cannot_be_read_is_named(tmp_path, content, message):
    if content is not None:
        (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(TextFileError, match=message):
        read_lines(tmp_path / "a.txt")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(TextFileError, match="is a folder"):
        read_lines(tmp_path)
