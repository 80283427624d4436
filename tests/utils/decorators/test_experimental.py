from nemo.utils.decorators import experimental


def test_a_class_stays_a_class_and_says_it_once(caplog):
    @experimental
    class Fresh:
        def __init__(self, value):
            self.value = value

    assert isinstance(Fresh, type)
    assert Fresh(1).value + Fresh(2).value == 3
    assert caplog.text.count("Fresh is experimental") == 1


def test_a_function_says_it_once(caplog):
    @experimental
    def fresh():
        return 5

    assert fresh() + fresh() == 10
    assert caplog.text.count("fresh is experimental") == 1
