import pytest
import torch

from tests.collections.common.transformer import tiny

KINDS = [
    {},
    {"pre_ln": True},
    {"pre_ln": True, "pre_ln_final_layer_norm": False, "hidden_act": "gelu", "learn_positional_encodings": True},
]


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_cached_steps_give_what_all_tokens_at_once_give(kind):
    decoder, _ = tiny.decoder(**kind)
    states, mask = tiny.utterances()
    tokens = torch.randint(0, 11, (3, 40))
    at_once = decoder(input_ids=tokens, encoder_embeddings=states, encoder_mask=mask)
    cache = decoder.decoder.start(states, mask, capacity=2)  # it has to grow
    steps, end = [], 0
    for size in (3, 1, 1, 5, *[1] * 30):
        newest = decoder.embedding(tokens[:, end : end + size], start_pos=end)
        steps.append(decoder.decoder.step(newest, cache))
        end += size
    assert cache.length == 40
    assert torch.allclose(torch.cat(steps, dim=1), at_once, atol=1e-5)


@torch.no_grad()
def test_hypotheses_share_their_utterance_and_may_be_reordered():
    decoder, _ = tiny.decoder()
    states, mask = tiny.utterances()
    tokens = torch.randint(0, 11, (6, 5))  # two hypotheses of each of three utterances
    tokens[:, 0] = tiny.BOS
    cache = decoder.decoder.start(states, mask)
    decoder.decoder.step(decoder.embedding(tokens[::2, :1]), cache)
    cache.select(torch.tensor([0, 0, 1, 1, 2, 2]))
    decoder.decoder.step(decoder.embedding(tokens[:, 1:4], start_pos=1), cache)
    order = torch.tensor([1, 0, 2, 2, 5, 4])
    cache.select(order)
    found = decoder.decoder.step(decoder.embedding(tokens[order, 4:], start_pos=4), cache)
    expected = decoder(
        input_ids=tokens[order],
        encoder_embeddings=states.repeat_interleave(2, 0),
        encoder_mask=mask.repeat_interleave(2, 0),
    )
    assert torch.allclose(found, expected[:, 4:], atol=1e-5)


@torch.no_grad()
def test_padding_of_tokens_and_states_changes_nothing():
    decoder, _ = tiny.decoder()
    states, mask = tiny.utterances()
    tokens = torch.randint(0, 11, (3, 6))
    token_mask = torch.arange(6)[None, :] < torch.tensor([6, 3, 2])[:, None]
    together = decoder(input_ids=tokens, decoder_mask=token_mask, encoder_embeddings=states, encoder_mask=mask)
    alone = decoder(input_ids=tokens[1:2, :3], encoder_embeddings=states[1:2, :4])
    assert torch.allclose(together[1, :3], alone[0], atol=1e-5)
    changed = tokens.clone()
    changed[1, 3:] = 0
    again = decoder(input_ids=changed, decoder_mask=token_mask, encoder_embeddings=states, encoder_mask=mask)
    assert torch.equal(again[1, :3], together[1, :3])


@torch.no_grad()
def test_no_token_looks_ahead():
    decoder, _ = tiny.decoder(pre_ln=True)
    states, mask = tiny.utterances()
    tokens = torch.randint(0, 11, (3, 6))
    whole = decoder(input_ids=tokens, encoder_embeddings=states, encoder_mask=mask)
    part = decoder(input_ids=tokens[:, :4], encoder_embeddings=states, encoder_mask=mask)
    assert torch.allclose(whole[:, :4], part, atol=1e-5)


@torch.no_grad()
def test_an_utterance_without_states_gives_numbers():
    decoder, _ = tiny.decoder()
    states, mask = tiny.utterances()
    mask[2] = False
    tokens = torch.randint(0, 11, (3, 2))
    assert decoder(input_ids=tokens, encoder_embeddings=states, encoder_mask=mask).isfinite().all()
