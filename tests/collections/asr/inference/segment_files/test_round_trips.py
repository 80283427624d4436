"""What is written is read as it was, in every format, as far as the format says it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemo.collections.asr.inference.segment_files.ass import format_ass, parse_ass
from nemo.collections.asr.inference.segment_files.by_format import FORMATS, Recording, read_segments, write_segments
from nemo.collections.asr.inference.segment_files.ctm import format_ctm, parse_ctm
from nemo.collections.asr.inference.segment_files.json_lines import format_json_line, parse_json_line
from nemo.collections.asr.inference.segment_files.rttm import format_rttm, parse_rttm
from nemo.collections.asr.inference.segment_files.srt import format_srt, parse_srt
from nemo.collections.asr.inference.segment_files.textgrid import format_textgrid, parse_textgrid
from nemo.collections.asr.inference.segment_files.vtt import format_vtt, parse_vtt
from nemo.collections.asr.inference.segments import Segment, Word, segment_of_words
from nemo.collections.common.exceptions import SegmentFileError
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.inference.examples import many

spoken = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=6)
speakers = st.one_of(st.none(), st.text("abäß_&<>", min_size=1, max_size=4))
confidences = st.one_of(st.none(), st.integers(0, 10_000).map(lambda n: n / 10_000))


@st.composite
def segment_lists(draw, speaker=speakers):
    """Segments one after the other; times in whole hundredths, which all formats can say."""
    segments, clock = [], draw(st.integers(0, 400_000))
    for _ in range(draw(st.integers(0, 4))):
        words = []
        for text in draw(st.lists(spoken, min_size=1, max_size=4)):
            start = clock + draw(st.integers(0, 50))
            clock = start + draw(st.integers(1, 90))
            words.append(Word(text, start / 100, clock / 100, draw(confidences)))
        segments.append(segment_of_words(words, draw(speaker)))
    return segments


def without_words(segments, **more):
    return [replace(segment, words=(), confidence=None, **more) for segment in segments]


def srt_keeps_texts_and_times(segments):
    assert parse_srt(format_srt(segments), "f") == without_words(segments, speaker=None)


def vtt_keeps_texts_times_and_speakers(segments):
    assert parse_vtt(format_vtt(segments), "f") == without_words(segments)


def ass_keeps_texts_times_and_speakers(segments):
    in_brackets = [replace(each, text=each.text.replace("{", "(").replace("}", ")")) for each in segments]
    written = [each for each in without_words(in_brackets) if "\\n" not in each.text and "\\N" not in each.text]
    assert parse_ass(format_ass(written), "f") == written


def ctm_keeps_words_times_confidences_and_speakers(segments):
    read = parse_ctm(format_ctm(segments, "an hour"), "f")
    assert list(read) == (["an_hour"] if segments else [])
    words = [(word, segment.speaker) for segment in segments for word in segment.words]
    turns = [(word, segment.speaker) for segment in read.get("an_hour", []) for word in segment.words]
    assert turns == words


def rttm_keeps_times_speakers_and_confidences(segments):
    segments = [replace(each, confidence=each.words[0].confidence) for each in segments]
    read = parse_rttm(format_rttm(segments, "a b"), "f").get("a_b", [])
    assert read == [replace(segment, text="", words=()) for segment in segments]


def textgrid_keeps_texts_words_times_and_speakers(segments):
    read = parse_textgrid(format_textgrid(segments, 9000.0), "f")
    unsure = [
        replace(each, words=tuple(replace(word, confidence=None) for word in each.words), confidence=None)
        for each in segments
    ]
    assert read == unsure


def json_keeps_everything(segments):
    assert parse_json_line(format_json_line(segments, {"audio_filepath": "a.wav"}), "f") == segments


@pytest.mark.battery("F1")
@many
@given(segment_lists())
def test_every_format_keeps_what_it_can_say(segments):
    srt_keeps_texts_and_times(segments)
    vtt_keeps_texts_times_and_speakers(segments)
    ass_keeps_texts_times_and_speakers(segments)
    ctm_keeps_words_times_confidences_and_speakers(segments)
    rttm_keeps_times_speakers_and_confidences(segments)
    textgrid_keeps_texts_words_times_and_speakers(segments)
    json_keeps_everything(segments)


@pytest.mark.parametrize("name", FORMATS)
def test_files_are_written_by_their_suffix_and_read_again(name, tmp_path):
    words = [Word("grüß", 0.5, 0.9, 0.25), Word("gott.", 1.0, 1.3, 0.75)]
    segments = [segment_of_words(words, "anna"), Segment("ja", 2.0, 2.5, (Word("ja", 2.0, 2.5),), "bert")]
    path = tmp_path / f"a{FORMATS[name].suffix}"
    write_segments(path, segments, recording=Recording("a", 3.0, {"audio_filepath": "a.wav"}))
    assert list(tmp_path.iterdir()) == [path]
    if name == "txt":
        assert path.read_text(encoding="utf-8") == "grüß gott. ja\n"
        with pytest.raises(ConfigError, match="says nothing of times"):
            read_segments(path)
    else:
        read = read_segments(path)
        assert [(each.start, each.end) for each in read] == [(0.5, 1.3), (2.0, 2.5)]


def test_unknown_formats_and_files_of_another_kind_are_named(tmp_path):
    with pytest.raises(ConfigError, match="the format is 'doc'; it may be txt, json, srt"):
        write_segments(tmp_path / "a.doc", [])
    bad = tmp_path / "bad.ctm"
    bad.write_text("a 1 0.5\n")
    with pytest.raises(SegmentFileError, match=r"bad\.ctm line 1 has 3 columns"):
        read_segments(bad)
    bad.write_text("a 1 soon 0.5 word\n")
    with pytest.raises(SegmentFileError, match="has the time 'soon'"):
        read_segments(bad)
    bad.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SegmentFileError, match="is not UTF-8"):
        read_segments(bad)


@pytest.mark.parametrize(
    ("suffix", "text", "words"),
    [
        ("srt", "1\n00:00:01,000 -->\nhello\n", "has the time ''"),
        ("vtt", "WEBVTT\n\n00:61 --> 00:02.000\nhello\n", "subtitle 2, has the time"),
        ("ass", "Dialogue: 0,0:00:01.00\n", "line 1 has 2 columns"),
        ("rttm", "SPEAKER a 1 0.5\n", "line 1 has 4 columns"),
        ("TextGrid", "something else\n", "has no interval tiers"),
        ("json", "{}\n", "has no segments"),
    ],
)
def test_faults_of_files_name_their_place(suffix, text, words, tmp_path):
    path = tmp_path / f"a.{suffix}"
    path.write_text(text)
    with pytest.raises(SegmentFileError, match=words):
        read_segments(path)


# -------------------------------------------------------------------------------------------------- files as others see


def test_srt_as_players_read_it():
    segments = [Segment("Hello  there.", 1.0, 3661.5), Segment("", 4000, 4001), Segment("Bye", 4000.0, 4000.25)]
    assert format_srt(segments) == (
        "1\n00:00:01,000 --> 01:01:01,500\nHello there.\n\n2\n01:06:40,000 --> 01:06:40,250\nBye\n\n"
    )


def test_srt_of_other_programs_is_read():
    text = (
        "\ufeff1\r\n0:00:01.5 --> 00:00:02,000 X1:40\r\ntwo\r\nlines\r\n\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\n"
    )
    assert parse_srt(text, "f") == [Segment("two lines", 1.5, 2.0), Segment("", 3.0, 4.0)]


def test_vtt_escapes_and_names_voices():
    text = format_vtt([Segment("a < b & c", 0.0, 1.0, speaker="Ann")])
    assert text == "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Ann>a &lt; b &amp; c\n\n"
    other = "WEBVTT - title\n\nNOTE nothing\n\ncue-1\n00:01.000 --> 00:02.000 align:left\n<b>bold</b> words\n"
    assert parse_vtt(other, "f") == [Segment("bold words", 1.0, 2.0)]


def test_ctm_and_rttm_have_the_columns_of_their_standards():
    words = (Word("one", 0.1, 0.5, 0.5), Word("two", 0.5, 1.0))
    assert format_ctm([Segment("one two", 0.1, 1.0, words)], "rec", "A") == (
        "rec A 0.100 0.400 one 0.5000\nrec A 0.500 0.500 two NA\n"
    )
    assert format_rttm([Segment("", 0.1, 1.0, speaker="anna b")], "rec") == (
        "SPEAKER rec 1 0.100 0.900 <NA> <NA> anna_b <NA> <NA>\n"
    )
    assert parse_ctm(";; comment\nrec 1 0.1 0.4 one\n", "f") == {"rec": [segment_of_words([Word("one", 0.1, 0.5)])]}
    with pytest.raises(SegmentFileError, match="CTM needs"):
        format_ctm([Segment("no words", 0.0, 1.0)], "rec")


def test_textgrid_has_no_gaps_and_no_empty_intervals():
    words = (Word('say "a"', 0.5, 0.7), Word("b", 0.6, 0.6))  # they overlap, and the second has no length
    text = format_textgrid([Segment('say "a" b', 0.5, 0.7, words)], 2.0)
    assert 'text = "say ""a"""' in text
    assert text.count("intervals [") == 3 + 4
    times = [float(line.split("= ")[1]) for line in text.splitlines() if "            xm" in line]
    assert times == [0, 0.5, 0.5, 0.7, 0.7, 2.0, 0, 0.5, 0.5, 0.7, 0.7, 0.701, 0.701, 2.0]
    assert parse_textgrid(text, "f")[0].words[0].text == 'say "a"'
    assert parse_textgrid(format_textgrid([]), "f") == []


def test_any_tier_of_a_textgrid_gives_segments():
    text = format_textgrid([Segment("ah", 0.1, 0.2)]).replace('"segments"', '"phones"')
    assert parse_textgrid(text, "f") == [Segment("ah", 0.1, 0.2)]


def test_subtitles_are_split_to_be_read(tmp_path):
    words = tuple(Word(f"word{n}", float(n), n + 0.9) for n in range(30))
    path = tmp_path / "a.srt"
    write_segments(path, [segment_of_words(words)])
    read = read_segments(path)
    assert all(len(each.text) <= 84 and each.end - each.start <= 7.0 for each in read)
    assert " ".join(each.text for each in read) == " ".join(word.text for word in words)
