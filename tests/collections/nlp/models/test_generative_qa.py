"""Models that are for a later release say what to use."""

import pytest

from nemo.collections.nlp.models.generative_qa import GPTQAModel, S2SQAModel
from nemo.utils.exceptions import NotYetSupportedError


@pytest.mark.parametrize("model", [S2SQAModel, GPTQAModel])
def test_model_says_what_to_use_instead(model):
    with pytest.raises(NotYetSupportedError, match=f"{model.__name__} writes answers freely.*use it"):
        model({})
