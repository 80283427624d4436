"""Files of intents and slots: what is read, and what each kind of fault says."""

import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.intent_slot_files import IntentSlotDataDesc, read_intent_slots, read_sentences
from tests.collections.nlp.toy_intents import write_intents


@pytest.fixture
def folder(tmp_path):
    return write_intents(tmp_path)


def spoiled(folder, name, line, text):
    """Replaces a line, counted from 1; None removes it."""
    path = folder / name
    lines = path.read_text().splitlines()
    lines[line - 1 : line] = [] if text is None else [text]
    path.write_text("".join(f"{each}\n" for each in lines))


def read(folder, **options):
    return read_intent_slots(folder / "train.tsv", folder / "train_slots.tsv", 3, 5, **options)


def test_sentences_have_words_intents_and_slots(folder):
    first = read(folder)[0]
    assert first.words == ["play", "blue", "by", "red", "green"]
    assert first.intents == [0]
    assert first.slots == [0, 1, 0, 2, 3]
    assert len(read(folder, num_samples=2)) == 2
    assert read_sentences(folder / "train.tsv")[1] == (["wake", "me", "at", "seven"], [1])


@pytest.mark.parametrize(
    ("file", "line", "text", "message"),
    [
        ("train.tsv", 2, "play blue by red green", r"train\.tsv:2 is 'play blue by red green'. Expected sentence<TAB>"),
        ("train.tsv", 2, "\t0", r"train\.tsv:2 .*Expected sentence<TAB>"),
        ("train.tsv", 3, "wake me at seven\t", r"train\.tsv:3 has no intent"),
        ("train.tsv", 3, "wake me at seven\tx", r"train\.tsv:3 has the intent 'x'. Expected a number from 0 to 2"),
        ("train.tsv", 3, "wake me at seven\t3", r"has the intent '3'.*dict.intents.csv has 3 lines"),
        ("train.tsv", 3, "wake me at seven\t-1", r"has the intent '-1'"),
        ("train.tsv", 3, "wake me at seven\t0,1", r"has the intent '0,1'"),
        ("train_slots.tsv", 2, "0 0 0", r"train_slots\.tsv:2 has 3 slots, and .*train\.tsv:3 has 4 words"),
        ("train_slots.tsv", 2, "0 0 0 5", r"train_slots\.tsv:2 has the slot '5'. Expected a number from 0 to 4"),
        ("train_slots.tsv", 2, "0 0 0 B-time", r"has the slot 'B-time'"),
        ("train_slots.tsv", 2, None, r"has 6 sentences after its header, and .* has 5 lines"),
    ],
)
def test_fault_names_file_line_and_mend(folder, file, line, text, message):
    spoiled(folder, file, line, text)
    with pytest.raises(TextFileError, match=message):
        read(folder)


def test_empty_header_only_and_wrongly_encoded_files(folder):
    (folder / "train_slots.tsv").write_text("")
    with pytest.raises(TextFileError, match=r"train_slots\.tsv is empty"):
        read(folder)
    (folder / "train.tsv").write_text("sentence\tlabel\n")
    with pytest.raises(TextFileError, match="has only a header"):
        read(folder)
    (folder / "train.tsv").write_bytes("sentence\tlabel\ncafé\t1\n".encode("latin-1"))
    with pytest.raises(TextFileError, match=r"train\.tsv:2 .*not UTF-8"):
        read(folder)
    with pytest.raises(TextFileError, match="does not exist"):
        read_intent_slots(folder / "no.tsv", folder / "train_slots.tsv")


def test_several_intents_have_commas_between(folder):
    spoiled(folder, "train.tsv", 2, "play blue by red green\t0,2")
    spoiled(folder, "train.tsv", 3, "wake me at seven\t1")
    found = read(folder, several_intents=True)
    assert [sentence.intents for sentence in found[:2]] == [[0, 2], [1]]


def test_description_of_a_folder(folder):
    found = IntentSlotDataDesc(folder)
    assert found.intent_labels == ["play", "wake", "weather"]
    assert found.slots_label_ids == {"O": 0, "B-song": 1, "B-artist": 2, "I-artist": 3, "B-time": 4}
    assert (found.num_intents, found.num_slots, found.pad_label) == (3, 5, 0)
    assert found.intent_weights == pytest.approx([6 / (3 * 2)] * 3)  # two sentences of each
    assert found.positive_weights == pytest.approx([4 / 2] * 3)
    assert IntentSlotDataDesc(folder, pad_label=4).pad_label == 4


def test_description_needs_the_slot_of_words_without_one(folder):
    with pytest.raises(TextFileError, match="has no slot 'none'"):
        IntentSlotDataDesc(folder, none_slot_label="none")
    (folder / "dict.slots.csv").unlink()
    with pytest.raises(TextFileError, match=r"dict\.slots\.csv does not exist"):
        IntentSlotDataDesc(folder)
