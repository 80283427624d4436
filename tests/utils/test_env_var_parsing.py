from datetime import datetime
from decimal import Decimal

import pytest

from nemo.utils.env_var_parsing import (
    get_env,
    get_envbool,
    get_envdate,
    get_envdatetime,
    get_envdecimal,
    get_envfloat,
    get_envint,
    get_envlist,
)
from nemo.utils.exceptions import ConfigError


@pytest.mark.parametrize("text", ["false", "0", "no", "n", "f", "none", "None", "FALSE", ""])
def test_false_words(monkeypatch, text):
    monkeypatch.setenv("SOME_FLAG", text)
    assert get_envbool("SOME_FLAG", True) is False


@pytest.mark.parametrize("text", ["true", "1", "yes", "anything"])
def test_every_other_word_is_true(monkeypatch, text):
    monkeypatch.setenv("SOME_FLAG", text)
    assert get_envbool("SOME_FLAG") is True


def test_unset_gives_the_default(monkeypatch):
    monkeypatch.delenv("SOME_VALUE", raising=False)
    assert get_envint("SOME_VALUE") is None
    assert get_envint("SOME_VALUE", 4) == 4
    assert get_env("SOME_VALUE", "x") == "x"


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (get_envint, " 12 ", 12),
        (get_envfloat, "1.5", 1.5),
        (get_envdecimal, "0.1", Decimal("0.1")),
        (get_envdate, "2026-01-31", datetime(2026, 1, 31)),
        (get_envdatetime, "2026-01-31T12:30:00", datetime(2026, 1, 31, 12, 30)),
        (get_envlist, "a b", ["a", "b"]),
    ],
)
def test_typed_values(monkeypatch, read, text, value):
    monkeypatch.setenv("SOME_VALUE", text)
    assert read("SOME_VALUE") == value


def test_a_wrong_value_is_named(monkeypatch):
    monkeypatch.setenv("SOME_VALUE", "many")
    with pytest.raises(ConfigError, match="SOME_VALUE is 'many', but an integer was expected"):
        get_envint("SOME_VALUE")
