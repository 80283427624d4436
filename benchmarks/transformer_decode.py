"""Greedy and beam decoding of a transformer the size of Marian's, 8 sentences of 32 tokens.

Ours, which keeps keys and values, against PyTorch's own decoder with the same weights in a loop that computes all
tokens anew, and against Marian of the package transformers, random weights, where that is installed. Run:
``python -m benchmarks.transformer_decode``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.measure import Timing, compare, emit_ratio
from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.common.transformer.generation.beam import BeamSearchSequenceGenerator
from nemo.collections.common.transformer.generation.greedy import GreedySequenceGenerator
from nemo.collections.common.transformer.token_transformer import TransformerDecoderNM

VOCABULARY, WIDTH, INNER, LAYERS, HEADS = 58104, 512, 2048, 6, 8
BATCH, SOURCE, TOKENS, BEAM = 8, 32, 32, 4
LIMIT_BARE, LIMIT_PEER = 0.5, 1 / 1.5


def our_decoder() -> tuple[TransformerDecoderNM, TokenClassifier]:
    """A decoder and its classifier, which never ends a text."""
    torch.manual_seed(0)
    decoder = TransformerDecoderNM(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_layers=LAYERS,
        inner_size=INNER,
        num_attention_heads=HEADS,
        num_token_types=0,
    ).eval()
    classifier = TokenClassifier(WIDTH, VOCABULARY).eval()
    classifier.mlp.last_linear_layer.weight = decoder.embedding.token_embedding.weight
    return decoder, classifier


def bare_decoder(ours: TransformerDecoderNM) -> nn.TransformerDecoder:
    """PyTorch's decoder with the same weights."""
    layer = nn.TransformerDecoderLayer(WIDTH, HEADS, INNER, dropout=0.0, batch_first=True)
    theirs = nn.TransformerDecoder(layer, LAYERS).eval()
    own: Any
    other: Any
    for own, other in zip(ours.decoder.layers, theirs.layers, strict=True):
        for mine, attention in (
            (own.first_sub_layer, other.self_attn),
            (own.second_sub_layer, other.multihead_attn),
        ):
            nets = (mine.query_net, mine.key_net, mine.value_net)
            attention.in_proj_weight.data = torch.cat([net.weight for net in nets]).detach()
            attention.in_proj_bias.data = torch.cat([net.bias for net in nets]).detach()
            attention.out_proj.load_state_dict(mine.out_projection.state_dict())
        other.linear1.load_state_dict(own.third_sub_layer.dense_in.state_dict())
        other.linear2.load_state_dict(own.third_sub_layer.dense_out.state_dict())
        for number in (1, 2, 3):
            getattr(other, f"norm{number}").load_state_dict(getattr(own, f"layer_norm_{number}").state_dict())
    return theirs


def bare_loop(ours: TransformerDecoderNM, classifier: TokenClassifier, states: Tensor) -> Callable[[], Tensor]:
    """Greedy search without a cache."""
    theirs = bare_decoder(ours)

    @torch.no_grad()
    def run() -> Tensor:
        tokens = torch.ones(BATCH, 1, dtype=torch.long)
        for _ in range(TOKENS):
            causal = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
            hidden = theirs(ours.embedding(tokens), states, tgt_mask=causal)
            chosen = classifier.mlp.last_linear_layer(hidden[:, -1]).argmax(dim=-1)
            tokens = torch.cat([tokens, chosen[:, None]], dim=1)
        return tokens

    return run


def marian(beam_size: int) -> Callable[[], Tensor]:
    """Marian of the package transformers."""
    from transformers import MarianConfig, MarianMTModel
    from transformers.modeling_outputs import BaseModelOutput

    config = MarianConfig(
        vocab_size=VOCABULARY, d_model=WIDTH, encoder_layers=1, decoder_layers=LAYERS, decoder_ffn_dim=INNER,
        decoder_attention_heads=HEADS, encoder_attention_heads=HEADS, pad_token_id=3, decoder_start_token_id=1,
        eos_token_id=2, forced_eos_token_id=None,
    )  # fmt: skip
    model = MarianMTModel(config).eval()
    encoded = BaseModelOutput(last_hidden_state=torch.randn(BATCH, SOURCE, WIDTH))
    options = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS, "num_beams": beam_size, "do_sample": False}

    @torch.no_grad()
    def run() -> Tensor:
        found: Tensor = model.generate(encoder_outputs=encoded, **options)
        return found

    return run


def report(name: str, timings: dict[str, Timing], theirs: str, limit: float) -> None:
    """One JSON line."""
    tokens = BATCH * TOKENS
    rates = {f"tokens_per_second_{side}": round(tokens / timings[side].median, 1) for side in ("ours", theirs)}
    emit_ratio(name, timings["ours"], timings[theirs], limit=limit, batch=BATCH, tokens=TOKENS, **rates)


def main() -> None:
    torch.set_num_threads(1)
    decoder, classifier = our_decoder()
    states = torch.randn(BATCH, SOURCE, WIDTH)
    parts = (decoder.embedding, decoder.decoder, classifier)
    options: dict[str, Any] = {
        "pad": 3,
        "bos": 1,
        "eos": VOCABULARY,
        "max_sequence_length": TOKENS + 1,
        "max_delta_length": -1,
    }
    greedy = GreedySequenceGenerator(*parts, **options)
    beam = BeamSearchSequenceGenerator(*parts, beam_size=BEAM, **options)
    bare = bare_loop(decoder, classifier, states)
    found = greedy(encoder_hidden_states=states)
    assert torch.equal(found, bare()), "not the same tokens"
    sides: dict[str, Callable[[], Tensor]] = {"ours": lambda: greedy(encoder_hidden_states=states), "bare": bare}
    has_peer = importlib.util.find_spec("transformers") is not None
    if has_peer:
        sides["marian"] = marian(1)
    timings = compare(sides, repetitions=3)
    report("transformer_greedy_without_cache", timings, "bare", LIMIT_BARE)
    if has_peer:
        report("transformer_greedy_marian", timings, "marian", LIMIT_PEER)
        sides = {"ours": lambda: beam(encoder_hidden_states=states), "marian": marian(BEAM)}
        report("transformer_beam_marian", compare(sides, repetitions=3), "marian", LIMIT_PEER)


if __name__ == "__main__":
    main()
