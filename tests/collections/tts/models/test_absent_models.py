"""Models of the original that are not here say what to use instead."""

import pytest

import nemo.collections.tts.models as models
from nemo.utils.exceptions import AbsentNameError


@pytest.mark.parametrize("name", ["RadTTSModel", "FastPitchModel_SSL", "SSLDisentangler"])
def test_they_name_a_model_that_is_here(name):
    with pytest.raises(AbsentNameError, match=rf"{name} is not in this release\. .*(FastPitchModel|HifiGanModel)"):
        getattr(models, name)
    assert name not in models.__all__
