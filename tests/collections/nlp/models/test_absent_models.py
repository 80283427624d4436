"""Models of the original that are not here."""

import pytest

from nemo.collections.nlp import models
from nemo.utils.exceptions import AbsentNameError, NotYetSupportedError


def test_import_of_a_model_that_is_not_here_says_what_there_is():
    with pytest.raises(ImportError, match=r"Text2SparqlModel is not in this release. .* MTEncDecModel"):
        from nemo.collections.nlp.models import Text2SparqlModel  # noqa: F401
    assert issubclass(AbsentNameError, NotYetSupportedError)


def test_other_names_are_an_attribute_error():
    with pytest.raises(AttributeError, match="it offers"):
        _ = models.NoSuchModel
    assert not hasattr(models, "NoSuchModel")
