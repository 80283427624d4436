"""Recipes of language models and of retrieval at toy size."""

import numpy as np

from nemo.collections.common.tokenizers.char_tokenizer import CharTokenizer
from tests.examples.nlp.toy_recipes import TEXTS, set_keys, shrink_encoder, write_lines


def language_model(cfg, folder):
    """Three texts in characters; returns them."""
    roles = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<p>"}
    CharTokenizer.build_vocab(folder / "characters.txt", text="".join(TEXTS), **roles)
    cfg.model.tokenizer.update(tokenizer_name="char", vocab_file=str(folder / "characters.txt"))
    cfg.model.encoder.update(hidden_size=16, inner_size=32, num_layers=1, num_attention_heads=2, embedding_dropout=0.0)
    cfg.model.encoder.update(ffn_dropout=0.0, attn_score_dropout=0.0, attn_layer_dropout=0.0)
    set_keys(cfg.model, file_name=write_lines(folder / "text.txt", TEXTS))
    return TEXTS


def scores_and_continuations(model, texts):
    return [model.score(texts), model.generate([text[:6] for text in texts], {"max_length": 5}).sentences]


def masked_text(cfg, folder):
    """Documents of three sentences; returns nothing that is needed."""
    shrink_encoder(cfg.model, folder)
    path = write_lines(folder / "docs.txt", [*TEXTS, "", *reversed(TEXTS), "", *TEXTS])
    set_keys(cfg.model, data_file=path, num_workers=0, batch_size=8)
    cfg.model.max_seq_length = 24


def masked_examples(cfg, folder):
    """A file of prepared examples."""
    tokens = np.tile(np.arange(5, 17), (8, 1))
    arrays = {"input_ids": tokens, "input_mask": np.ones_like(tokens), "segment_ids": np.zeros_like(tokens)}
    arrays |= {"masked_lm_positions": np.tile([2, 5], (8, 1)), "masked_lm_ids": np.tile([7, 10], (8, 1))}
    np.savez(folder / "examples.npz", **arrays, next_sentence_labels=np.array([0, 1] * 4))
    cfg.model.tokenizer = {"tokenizer_name": None}
    shrink_encoder(cfg.model, folder)
    cfg.model.tokenizer = None
    set_keys(cfg.model, data_file=str(folder / "examples.npz"), num_workers=0, batch_size=8)


def guessed_tokens(model, _):
    (inputs,) = model.input_example(1, 8)
    inputs = {name: value * 0 + (value == value) * 1 for name, value in inputs.items()}
    return [output.tolist() for output in model.forward(**inputs)]


def retrieval(cfg, folder):
    """A query for each of three passages; returns the passages."""
    shrink_encoder(cfg.model, folder)
    numbers = range(len(TEXTS))
    paths = {
        "passages": write_lines(folder / "p.tsv", [f"{number}\t{text}" for number, text in enumerate(TEXTS)]),
        "queries": write_lines(folder / "q.tsv", [f"{number}\t{text[:9]}" for number, text in enumerate(TEXTS)]),
        "query_to_passages": write_lines(
            folder / "qp.tsv", [f"{n}\t{n}\t{(n + 1) % 3}\t{(n + 2) % 3}" for n in numbers]
        ),
    }
    set_keys(cfg.model, **paths, num_workers=0, batch_size=3)
    cfg.model.train_ds.num_negatives = 2
    cfg.model.validation_ds.num_candidates = cfg.model.test_ds.num_candidates = 3
    return TEXTS


def entity_names(cfg, folder):
    """Two names for each of three concepts; returns names."""
    shrink_encoder(cfg.model, folder)
    path = write_lines(folder / "names.tsv", [f"{number}\t{text}\t{text[:9]}" for number, text in enumerate(TEXTS)])
    set_keys(cfg.model, data_file=path, num_workers=0, batch_size=3)
    return TEXTS


def vectors(model, texts):
    return model.encode(texts).tolist()
