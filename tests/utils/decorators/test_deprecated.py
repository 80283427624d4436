from nemo.utils.decorators import deprecated


def test_said_once_with_release_and_replacement(caplog):
    @deprecated(version="2.0", explanation="Use new instead.")
    def old(value):
        """Doubles."""
        return 2 * value

    assert (old(1), old(2)) == (2, 4)
    assert old.__doc__ == "Doubles."
    (record,) = caplog.records
    assert record.getMessage().endswith("old is deprecated and will be removed in 2.0. Use new instead.")


def test_works_without_arguments(caplog):
    @deprecated
    def very_old():
        return 1

    assert very_old() == 1
    assert "very_old is deprecated." in caplog.text
