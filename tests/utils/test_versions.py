import operator

from nemo.utils.versions import check_lib_version


def test_installed_version_is_compared():
    assert check_lib_version("torch", "1.0", operator.ge)[0] is True
    met, message = check_lib_version("torch", "99.0", operator.ge)
    assert met is False and "does not meet" in message


def test_missing_package_has_no_outcome():
    met, message = check_lib_version("no_such_package", "1.0", operator.ge)
    assert met is None and "no_such_package" in message
