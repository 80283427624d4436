"""Axis kinds, their labels, and axis types."""

import pytest

from nemo.core.neural_types import AxisKind, AxisKindAbstract, AxisType

LABELS = {
    AxisKind.Batch: ["B", "b", "n", "N", "batch", " Batch "],
    AxisKind.Time: ["T", "t", "time", "t_frames", "T_X", "t__"],
    AxisKind.Dimension: ["D", "d", "c", "C", "channel"],
    AxisKind.Width: ["w", "width"],
    AxisKind.Height: ["h", "height"],
    AxisKind.Singleton: ["s", "singleton"],
    AxisKind.Sequence: ["seq", "sequence"],
    AxisKind.FlowGroup: ["flowgroup"],
    AxisKind.Any: ["any", "ANY"],
}


@pytest.mark.parametrize(("kind", "label"), [(kind, label) for kind, labels in LABELS.items() for label in labels])
def test_label_names_its_kind(kind, label):
    assert AxisKind.from_str(label) is kind


@pytest.mark.parametrize("label", ["dimension", "t_", "x", "", "bb", "tt"])
def test_unknown_label_is_an_error_that_lists_the_known_ones(label):
    with pytest.raises(ValueError, match=r"Known labels .*batch.*flowgroup"):
        AxisKind.from_str(label)


def test_values_are_the_originals_and_channel_is_an_alias_of_dimension():
    assert [kind.value for kind in AxisKind] == list(range(9))
    assert AxisKind.Channel is AxisKind.Dimension
    assert str(AxisKind.FlowGroup) == repr(AxisKind.FlowGroup) == "flowgroup"


@pytest.mark.parametrize(
    ("text", "expected"), [("t_frames_", True), ("t_", False), ("t__", False), ("frames", False), ("t_frames", False)]
)
def test_a_named_time_axis_has_the_form_t_kind_(text, expected):
    assert AxisKind.t_with_string(text) is expected


def test_axis_type_shows_kind_size_and_list():
    assert repr(AxisType(AxisKind.Batch)) == "batch"
    assert repr(AxisType(AxisKind.Time, 100)) == "time:100"
    assert repr(AxisType(AxisKind.Batch, is_list=True)) == "batch_listdim"


def test_list_axis_with_a_size_is_refused():
    with pytest.raises(ValueError, match="no fixed size"):
        AxisType(AxisKind.Batch, size=3, is_list=True)


def test_users_may_name_axes_of_their_own():
    class Speaker(AxisKindAbstract):
        Talker = 0

    assert AxisType(Speaker.Talker, 2).kind is Speaker.Talker
