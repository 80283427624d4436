"""Translating lists of sentences with a transformer of Marian's size: tokens per second, greedily and by beam search.

32 sentences of 32 tokens, in batches of 8, into 32 tokens each. Ours from text to text, by `MTEncDecModel.translate`;
Marian of the package transformers from tokens to tokens, by `generate`; random weights on both sides, encoder and
decoder of 6 layers. Run: ``python -m benchmarks.translation``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.measure import Timing, compare, emit_ratio
from nemo.collections.nlp.inference import translator
from nemo.collections.nlp.models.translation import MTEncDecModel

VOCABULARY, WIDTH, INNER, LAYERS, HEADS = 58104, 512, 2048, 6, 8
BATCH, TOKENS, SENTENCES, BEAM = 8, 32, 32, 4
LIMIT_GREEDY = 1 / 1.5
"""Our time by theirs."""
FIRST_CHARACTER = 0x20000
"""Each token is a character of a plane of Unicode that has room for all of them."""
SPECIAL = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


def our_model(folder: Path) -> MTEncDecModel:
    """A model that never ends a text by itself."""
    vocabulary = [repr(chr(FIRST_CHARACTER + number)) for number in range(VOCABULARY - len(SPECIAL))]
    file = folder / "vocabulary.txt"
    file.write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    tokenizer = {"library": "char", "vocab_file": str(file), "special_tokens": SPECIAL}
    sizes = {"hidden_size": WIDTH, "inner_size": INNER, "num_layers": LAYERS, "num_attention_heads": HEADS}
    languages = {"src_language": "zh", "tgt_language": "zh"}  # text goes to the tokenizer as it is
    sections = {"encoder_tokenizer": tokenizer, "decoder_tokenizer": tokenizer, "encoder": sizes, "decoder": sizes}
    model = MTEncDecModel(cfg={**sections, **languages, "max_generation_delta": 1, "beam_size": 1}).eval()
    with torch.no_grad():
        bias = model.log_softmax.mlp.last_linear_layer.bias
        for role in SPECIAL:
            bias[getattr(model.decoder_tokenizer, role.replace("token", "id"))] = -1e9
    return model


def sentences() -> list[str]:
    """Random ones."""
    numbers = torch.randint(
        VOCABULARY - len(SPECIAL), (SENTENCES, TOKENS - 2), generator=torch.Generator().manual_seed(0)
    )
    return ["".join(chr(FIRST_CHARACTER + n) for n in row) for row in numbers.tolist()]


def ours(model: MTEncDecModel, beam_size: int) -> Callable[[], object]:
    """Translates the list."""
    texts = sentences()

    def run() -> list[str]:
        model.cfg.beam_size = model.beam_search.beam_size = beam_size  # type: ignore[attr-defined]
        found: list[str] = model.translate(texts)
        assert {len(text) for text in found} == {TOKENS}, "not as many tokens"
        return found

    return run


def marian(beam_size: int) -> Callable[[], object]:
    """Marian of the package transformers, batch after batch."""
    from transformers import MarianConfig, MarianMTModel

    config = MarianConfig(
        vocab_size=VOCABULARY, d_model=WIDTH, encoder_layers=LAYERS, decoder_layers=LAYERS, decoder_ffn_dim=INNER,
        encoder_ffn_dim=INNER, decoder_attention_heads=HEADS, encoder_attention_heads=HEADS, pad_token_id=3,
        decoder_start_token_id=1, eos_token_id=2, forced_eos_token_id=None,
    )  # fmt: skip
    model = MarianMTModel(config).eval()
    batches = torch.randint(4, VOCABULARY, (SENTENCES, TOKENS)).split(BATCH)
    options = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS, "num_beams": beam_size, "do_sample": False}

    @torch.no_grad()
    def run() -> list[Tensor]:
        return [model.generate(input_ids=batch, attention_mask=torch.ones_like(batch), **options) for batch in batches]

    return run


def report(name: str, timings: dict[str, Timing], limit: float | None) -> None:
    """One JSON line."""
    tokens = SENTENCES * TOKENS
    rates = {f"tokens_per_second_{side}": round(tokens / timing.median, 1) for side, timing in timings.items()}
    emit_ratio(name, timings["ours"], timings["marian"], limit=limit, batch=BATCH, tokens=tokens, **rates)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    translator.TOKENS_IN_BATCH = BATCH * TOKENS
    with tempfile.TemporaryDirectory() as folder:
        model = our_model(Path(folder))
        sides = {"ours": ours(model, 1), "marian": marian(1)}
        report("translation_greedy_marian", compare(sides, repetitions=3), LIMIT_GREEDY)
        sides = {"ours": ours(model, BEAM), "marian": marian(BEAM)}
        report("translation_beam_marian", compare(sides, repetitions=2), None)


if __name__ == "__main__":
    main()
