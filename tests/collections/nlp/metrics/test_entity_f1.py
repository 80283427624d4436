"""Entities and their F1, against a search over all spans."""

from hypothesis import given, settings
from hypothesis import strategies as st

from nemo.collections.nlp.metrics.entity_f1 import entities_of, entity_f1

LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
sentences = st.lists(st.sampled_from(LABELS), max_size=12)


def brute_force(labels):
    """All spans that are an entity by the definition: one type, begun, not longer to either side."""
    found = set()
    for kind in ("PER", "LOC"):
        for start in range(len(labels)):
            for end in range(start + 1, len(labels) + 1):
                inside = all(label == f"I-{kind}" for label in labels[start + 1 : end])
                continues = start > 0 and labels[start - 1] in (f"B-{kind}", f"I-{kind}")
                begins = labels[start] == f"B-{kind}" or (labels[start] == f"I-{kind}" and not continues)
                goes_on = end < len(labels) and labels[end] == f"I-{kind}"
                if inside and begins and not goes_on:
                    found.add((kind, start, end))
    return found


@settings(max_examples=300, deadline=None)
@given(sentences)
def test_entities_are_those_of_the_definition(labels):
    found = entities_of(labels)
    assert set(found) == brute_force(labels)
    assert [entity.start for entity in found] == sorted(entity.start for entity in found)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), max_size=20))
def test_scores_are_those_of_exact_spans(pairs):
    given_labels, right_labels = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    scores = entity_f1([given_labels], [right_labels]).scores()
    predicted, actual = brute_force(given_labels), brute_force(right_labels)
    hits = len(predicted & actual)
    assert scores.support == len(actual)
    assert scores.precision == (100 * hits / len(predicted) if predicted else 0)
    assert scores.recall == (100 * hits / len(actual) if actual else 0)
    both = scores.precision + scores.recall
    assert abs(scores.f1 - (2 * scores.precision * scores.recall / both if both else 0)) < 1e-9


def test_an_entity_with_a_wrong_end_or_type_does_not_count():
    counts = entity_f1([["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC"]], [["B-PER", "O", "O", "B-LOC"], ["B-PER"]])
    assert counts.totals() == (1, 3, 3)
    assert counts.scores("LOC") == (50.0, 100.0, 200 / 3, 1)
    assert "all entities" in counts.report()


def test_other_labels_are_no_entities():
    assert entities_of(["O", "PER", "B-", "X-PER"]) == []
