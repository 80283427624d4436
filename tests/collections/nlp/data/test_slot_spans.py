"""Filled slots, whichever way they are written."""

from nemo.collections.nlp.data.slot_spans import SlotSpan, has_prefixes, slot_spans

WORDS = "play blue sky by red".split()


def test_slots_with_prefixes_and_names_alone_give_the_same_spans():
    expected = [SlotSpan("song", 1, 3, "blue sky"), SlotSpan("artist", 4, 5, "red")]
    assert slot_spans(WORDS, ["O", "B-song", "I-song", "O", "B-artist"], "O", True) == expected
    assert slot_spans(WORDS, ["none", "song", "song", "none", "artist"], "none", False) == expected


def test_neighbours_are_parted_only_by_a_prefix():
    assert len(slot_spans(WORDS, ["B-song", "B-song", "O", "O", "O"], "O", True)) == 2
    assert len(slot_spans(WORDS, ["song", "song", "O", "O", "O"], "O", False)) == 1


def test_one_slot_with_a_prefix_says_that_all_have():
    assert has_prefixes(["O", "B-song"])
    assert not has_prefixes(["O", "song", "time"])
