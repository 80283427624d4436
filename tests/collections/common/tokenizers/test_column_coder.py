"""Codes of columns."""

import json
import pickle

import numpy as np
import pytest

from nemo.collections.common.tokenizers.column_coder import CategoryCode, ColumnCodes, FloatCode, IntCode
from nemo.utils.exceptions import ConfigError


def whole_numbers(**options):
    code = IntCode("n", 3, 5, base=10, **options)
    code.compute_code(np.array([100, 123, 799.0]))
    return code


def test_whole_numbers_are_digits_of_their_distance_from_the_smallest():
    code = whole_numbers(hasnan=False)
    assert code.items == [[str(d) for d in range(10)]] * 2 + [[str(d) for d in range(7)]]
    assert code.code_range == [(25, 32), (15, 25), (5, 15)]
    assert code.end_id == 32
    assert code.encode("123") == [25, 17, 8]
    assert [code.decode(code.encode(str(number))) for number in (100, 345, 799)] == ["100", "345", "799"]
    assert code.decode(code.encode("5")) == "100"
    assert code.decode(code.encode("100000")) == "799"


def test_missing_values_have_an_id_in_each_place():
    code = whole_numbers()
    assert code.code_range == [(27, 35), (16, 27), (5, 16)]
    assert code.encode("nan") == [34, 26, 15]
    assert code.decode([34, 26, 15]) == "nan"
    with pytest.raises(ConfigError, match="hasnan"):
        whole_numbers(hasnan=False).encode("nan")


def test_digits_that_the_data_lacks_become_the_nearest():
    code = whole_numbers(fillall=False, hasnan=False)
    assert code.items == [["0", "3", "9"], ["0", "2", "9"], ["0", "6"]]
    assert code.decode(code.encode("124")) == "123"


@pytest.mark.parametrize("transform", ["quantile", "yeo-johnson", "robust", "identity"])
def test_fractions_come_back_to_the_precision_of_their_digits(transform):
    values = np.random.default_rng(0).gamma(2.0, 3.0, 500)
    code = FloatCode("x", 4, 0, base=100, transform=transform)
    code.compute_code(values)
    for value in values[:50]:
        assert float(code.decode(code.encode(str(value)))) == pytest.approx(value, rel=1e-4, abs=1e-4)
    assert float(code.decode(code.encode("1e9"))) == pytest.approx(values.max(), rel=1e-6)
    assert code.decode(code.encode("nan")) == "nan"


def test_categories_have_one_id_each():
    code = CategoryCode("c", 7)
    code.compute_code(np.array(["b", "a", "b"]))
    assert code.encode("b") == [8]
    assert code.decode([7]) == "a"
    assert code.code_range == [(7, 9)]
    with pytest.raises(ConfigError, match="no code for 'z'"):
        code.encode("z")


CONFIGS = [
    {"name": "a", "code_type": "float", "args": {"code_len": 3, "base": 16, "transform": "yeo-johnson"}},
    {"name": "b", "code_type": "int", "args": {"code_len": 2, "base": 12}},
    {"name": "c", "code_type": "category"},
]


@pytest.fixture
def codes():
    generator = np.random.default_rng(1)
    arrays = {"a": generator.random(50), "b": generator.integers(3, 100, 50), "c": np.array(["x", "y"])}
    return ColumnCodes.get_column_codes(CONFIGS, arrays)


def test_columns_follow_one_another(codes):
    assert codes.columns == ["a", "b", "c"]
    assert codes.sizes == [3, 2, 1]
    ends = [code.end_id for code in codes.column_codes.values()]
    assert [code.start_id for code in codes.column_codes.values()] == [0, *ends[:-1]]
    assert codes.vocab_size == ends[-1]
    assert codes.get_range(2) == [(ends[1], ends[1] + 2)]
    assert codes.decode("b", codes.encode("b", "42")) == "42"


def test_codes_are_kept_as_json(codes, tmp_path):
    codes.save(tmp_path / "codes.json")
    again = ColumnCodes.load(tmp_path / "codes.json")
    for column, value in (("a", "0.3"), ("b", "42"), ("c", "y"), ("a", "nan")):
        assert again.encode(column, value) == codes.encode(column, value)
        assert again.decode(column, again.encode(column, value)) == codes.decode(column, codes.encode(column, value))


def test_other_files_are_refused_by_name(codes, tmp_path):
    path = tmp_path / "codes.bin"
    codes.save(path)
    content = json.loads(path.read_text())
    del content["columns"][1]["state"]
    for data in (pickle.dumps({"columns": []}), b"{}", b"[]", b"1", json.dumps(content).encode()):
        path.write_bytes(data)
        with pytest.raises(ConfigError, match=r"codes\.bin"):
            ColumnCodes.load(path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: IntCode("n", 0, 0), "code_len of the column 'n' is 0"),
        (lambda: IntCode("n", 1, 0, base=1), "base of the column 'n' is 1"),
        (lambda: FloatCode("n", 1, 0, transform="log"), "transform is 'log'"),
        (lambda: IntCode("n", 1, 0, base=10).compute_code(np.array([0, 10])), "raise base or code_len"),
        (lambda: IntCode("n", 1, 0).compute_code(np.array([np.nan])), "has no numbers"),
        (lambda: whole_numbers().encode("one"), "got 'one'"),
        (lambda: whole_numbers().decode([1, 16, 5]), "The id 1 is none of column 'n'"),
        (lambda: ColumnCodes().encode("n", "1"), "no column 'n'"),
        (lambda: ColumnCodes.get_column_codes([{"name": "n", "code_type": "x"}], {}), "code_type 'x'"),
    ],
)
def test_faults_are_named(make, said):
    with pytest.raises(ConfigError, match=said):
        make()
