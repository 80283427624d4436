"""Lists inside lists."""

from nemo.collections.common.data.nested_lists import flatten


def test_any_depth():
    assert flatten([1, [2, (3, [4]), []], "ab", [[[5]]]]) == [1, 2, 3, 4, "ab", 5]
    assert flatten([]) == []
