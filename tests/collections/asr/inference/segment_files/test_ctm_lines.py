import pytest

from nemo.collections.asr.inference.segment_files.ctm import get_ctm_line, parse_ctm, write_ctm
from nemo.collections.common.exceptions import SegmentFileError


def test_a_line_has_eight_columns():
    line = get_ctm_line("call one", 2, 1.5, 0.25, "yes", 0.876, "lex", "anna")
    assert line == "call_one 2 1.50 0.25 yes 0.88 lex anna\n"
    line = get_ctm_line("call", None, 1.5, 0.25, "yes", None, None, None, output_precision=3)
    assert line == "call 1 1.500 0.250 yes NA unknown NA\n"


@pytest.mark.parametrize("changed", [{"start_time": -0.1}, {"conf": 1.2}, {"type_of_token": "word"}])
def test_values_that_cannot_be_are_refused(changed):
    line = {"source": "a", "channel": 1, "start_time": 0, "duration": 1, "token": "x", "conf": 1.0}
    with pytest.raises(SegmentFileError, match="may be|Expected"):
        get_ctm_line(**(line | {"type_of_token": "lex", "speaker": None} | changed))


def test_lines_are_written_in_the_order_of_their_times(tmp_path):
    lines = [(at, get_ctm_line("a", 1, at, 0.5, word, 1.0, "lex", "s")) for at, word in ((2.0, "b"), (0.5, "a"))]
    write_ctm(tmp_path / "a.ctm", lines)
    (segment,) = parse_ctm((tmp_path / "a.ctm").read_text(), "a.ctm")["a"]
    assert [(word.text, word.start, word.end) for word in segment.words] == [("a", 0.5, 1.0), ("b", 2.0, 2.5)]
    assert segment.speaker == "s"
