"""Labels and their numbers."""

import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.label_ids import (
    build_label_ids_from_list_of_labels,
    check_labels_for_being_unique_before_building_label_ids,
    checked_label_ids,
    label_ids_of,
    load_label_ids,
    names_of,
    numbers_of,
    save_label_ids,
)
from nemo.utils.exceptions import ConfigError


def test_the_pad_label_is_first_and_others_follow():
    assert build_label_ids_from_list_of_labels("O", [",", "."]) == {"O": 0, ",": 1, ".": 2}
    assert label_ids_of([["B-X", "O"], ["A"]], "O") == {"O": 0, "A": 1, "B-X": 2}
    assert label_ids_of([["A"]], "O") == {"O": 0, "A": 1}
    assert names_of({"b": 1, "a": 0}) == ["a", "b"]


@pytest.mark.parametrize("others", [["O"], ["A", "A"]])
def test_a_label_may_not_have_two_numbers(others):
    with pytest.raises(ConfigError, match="labels has"):
        check_labels_for_being_unique_before_building_label_ids("O", others, "pad", "labels")


def test_what_is_saved_is_loaded(tmp_path):
    save_label_ids(tmp_path / "new" / "ids.csv", {".": 2, "O": 0, ",": 1})
    assert (tmp_path / "new" / "ids.csv").read_text() == "O\n,\n.\n"
    assert load_label_ids(tmp_path / "new" / "ids.csv") == {"O": 0, ",": 1, ".": 2}


@pytest.mark.parametrize("content", ["O\n\nA\n", "O\nA\nA\n"])
def test_files_with_empty_or_repeated_lines(tmp_path, content):
    (tmp_path / "ids.csv").write_text(content)
    with pytest.raises(TextFileError, match=r"ids\.csv:[23]"):
        load_label_ids(tmp_path / "ids.csv")


@pytest.mark.parametrize("label_ids", [{"O": 1, "A": 2}, {"A": 0}, {"O": 0, "A": 0}])
def test_numbers_that_cannot_be(label_ids):
    with pytest.raises(ConfigError, match=r"model\.label_ids"):
        checked_label_ids(label_ids, "O", "model.label_ids")


def test_an_unknown_label_is_named_with_its_place():
    assert numbers_of(["O", "A"], {"O": 0, "A": 1}, "f:1") == [0, 1]
    with pytest.raises(TextFileError, match=r"f:7 has the label 'X' for word 2. Expected one of: O, A"):
        numbers_of(["O", "X"], {"O": 0, "A": 1}, "f:7")
