import pytest

from nemo.utils.exceptions import MissingDependencyError
from nemo.utils.optional import require


def test_installed_package_is_given():
    assert require("json", extra="asr", purpose="reading").loads("1") == 1


def test_missing_package_names_the_extra():
    with pytest.raises(MissingDependencyError, match=r"reading audio needs .*neural-modules\[asr\]"):
        require("no_such_package", extra="asr", purpose="reading audio")
