from nemo.collections.tts.g2p.heteronyms import get_heteronym_spans


def test_spans_of_heteronyms():
    sentences = ["I Read what you read, already.", "Nothing here", "|read| it"]
    spans, words = get_heteronym_spans(sentences, {"READ": 1, "live": 2})
    assert [[text[a:b] for a, b in found] for text, found in zip(sentences, spans, strict=True)] == [
        ["Read", "read"], [], ["read"],
    ]  # fmt: skip
    assert words == [["read", "read"], [], ["read"]]
