import pytest

import nemo.core


def test_names_come_on_first_access():
    assert nemo.core.ModelPT.__name__ == "ModelPT"
    assert "ModelPT" in vars(nemo.core)


def test_unknown_name_is_told_what_there_is():
    with pytest.raises(AttributeError, match="it offers .*ModelPT"):
        _ = nemo.core.ModelTP
