import pytest

from nemo.collections.asr.decoding.ctc_greedy import FoldedPath
from nemo.collections.asr.decoding.timestamps import add_seconds, compute_timestamps, segment_offsets
from nemo.collections.asr.decoding.vocabulary import LabelVocabulary, SubwordVocabulary

LABELS = LabelVocabulary([" ", "a", "b", "."])


class Pieces:
    """A tokenizer reduced to what a vocabulary asks of it."""

    def __init__(self, vocab, marker):
        self.vocab, self.marker = vocab, marker

    @property
    def vocab_size(self):
        return len(self.vocab)

    def ids_to_tokens(self, ids):
        return [self.vocab[index] for index in ids]

    def ids_to_text(self, ids):
        tokens = self.ids_to_tokens(ids)
        if self.marker == "##":
            return " ".join(tokens).replace(" ##", "").removeprefix("##")
        return "".join(tokens).replace("\u2581", " ").removeprefix(" ")


SENTENCE_PIECES = SubwordVocabulary(Pieces(["\u2581the", "\u2581", "c", "at", "\u2581on"], "\u2581"))
WORD_PIECES = SubwordVocabulary(Pieces(["the", "c", "##at", "##s", "on"], "##"))


def path(tokens):
    """Tokens of two frames each with a blank frame after each."""
    starts = [3 * index for index in range(len(tokens))]
    return FoldedPath(list(tokens), starts, [start + 2 for start in starts])


@pytest.mark.parametrize("vocabulary", [LABELS, SENTENCE_PIECES, WORD_PIECES])
def test_nothing_said_has_no_words(vocabulary):
    assert vocabulary.word_spans([]) == []
    assert compute_timestamps(path([]), vocabulary)["word"] == []


def test_characters_make_words_between_spaces():
    stamps = compute_timestamps(path([1, 2, 0, 2]), LABELS)  # "ab b"
    assert stamps["timestep"] == [0, 3, 6, 9]
    assert stamps["char"][2] == {"char": " ", "start_offset": 6, "end_offset": 8}
    assert stamps["word"] == [
        {"word": "ab", "start_offset": 0, "end_offset": 5},
        {"word": "b", "start_offset": 9, "end_offset": 11},
    ]
    assert stamps["segment"] == [{"segment": "ab b", "start_offset": 0, "end_offset": 11}]


@pytest.mark.parametrize(
    ("vocabulary", "ids", "words"),
    [
        (LABELS, [0, 1, 0, 0, 2, 0], ["a", "b"]),
        (LABELS, [], []),
        (LABELS, [0, 0], []),
        (SENTENCE_PIECES, [0, 1, 2, 3, 4], ["the", "cat", "on"]),
        (SENTENCE_PIECES, [2, 3], ["cat"]),
        (SENTENCE_PIECES, [1, 0, 1], ["the"]),
        (SENTENCE_PIECES, [1, 1, 2], ["c"]),
        (WORD_PIECES, [0, 1, 2, 3, 4], ["the", "cats", "on"]),
        (WORD_PIECES, [2, 0], ["at", "the"]),
    ],
)
def test_words_with_times_are_the_words_of_the_text(vocabulary, ids, words):
    stamps = compute_timestamps(path(ids), vocabulary)
    assert [entry["word"] for entry in stamps["word"]] == words
    assert vocabulary.ids_to_text(ids).split() == words
    assert all(entry["start_offset"] < entry["end_offset"] for entry in stamps["word"])


@pytest.mark.parametrize(
    ("kind", "keys"),
    [("char", {"char"}), ("word", {"word"}), ("segment", {"segment"}), ("all", {"char", "word", "segment"})],
)
def test_only_the_asked_kind_is_there(kind, keys):
    assert set(compute_timestamps(path([1]), LABELS, kind)) == {"timestep", *keys}


@pytest.mark.parametrize(
    ("ids", "text", "words"),
    [
        ([1, 0, 3, 0, 2], "a. b", ["a.", "b"]),
        ([1, 0, 0, 3, 2], "a .b", ["a", ".b"]),
        ([0, 3, 1], ".a", [".a"]),
        ([1, 3], "a.", ["a."]),
    ],
)
def test_newer_releases_leave_out_the_space_before_punctuation_in_text_and_words(ids, text, words):
    vocabulary = LabelVocabulary([" ", "a", "b", "."], closes_up_punctuation=True)
    assert vocabulary.ids_to_text(ids) == text
    assert [entry["word"] for entry in compute_timestamps(path(ids), vocabulary)["word"]] == words


@pytest.mark.parametrize(
    ("ids", "words"), [([0, 1, 0], ["it,", "it"]), ([0, 2, 3, 0], ["it,", "it"]), ([0, 2, 4], ["it", "s"])]
)
def test_pieces_of_punctuation_join_the_word_before(ids, words):
    pieces = Pieces(["\u2581it", "\u2581,", "\u2581", ",", "s"], "\u2581")
    vocabulary = SubwordVocabulary(pieces, closes_up_punctuation=True)
    assert vocabulary.ids_to_text(ids).split() == words
    assert [entry["word"] for entry in compute_timestamps(path(ids), vocabulary)["word"]] == words


def words(*spec):
    return [{"word": word, "start_offset": start, "end_offset": end} for word, start, end in spec]


def test_a_separator_ends_its_segment():
    found = segment_offsets(words(("so.", 0, 2), ("it", 3, 4), ("is", 5, 9)), (".", "?"), None)
    assert [(s["segment"], s["start_offset"], s["end_offset"]) for s in found] == [("so.", 0, 2), ("it is", 3, 9)]


def test_silence_of_the_threshold_begins_a_segment():
    spoken = words(("a", 0, 2), ("b", 6, 7), ("c", 12, 13))
    assert [s["segment"] for s in segment_offsets(spoken, (), 5)] == ["a b", "c"]
    assert [s["segment"] for s in segment_offsets(spoken, (), 4)] == ["a", "b", "c"]
    assert [s["segment"] for s in segment_offsets(spoken, (), None)] == ["a b c"]


def test_seconds_are_frames_times_their_length_within_the_recording():
    stamps = compute_timestamps(path([1, 0, 2]), LABELS)
    add_seconds(stamps, frame_seconds=0.04, duration_seconds=0.3)
    assert stamps["word"][1] == {"word": "b", "start_offset": 6, "end_offset": 8, "start": 0.24, "end": 0.3}
    assert stamps["segment"][0]["end"] == 0.3
    assert stamps["char"][1]["end"] == 0.2
