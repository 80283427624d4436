"""Transducer beam searches: sums over all ways on tiny lattices, recorded results, n-gram fusion, bad settings."""

import itertools
import math
from pathlib import Path

import pytest
import torch

from nemo.collections.asr.decoding.arpa import write_arpa
from nemo.collections.asr.decoding.language_model import load_token_language_model
from nemo.collections.asr.decoding.ngram_estimate import estimate_ngrams
from nemo.collections.asr.decoding.rnnt_beam import BeamRNNTSearch
from nemo.collections.asr.decoding.rnnt_config import BeamRNNTInferConfig
from nemo.collections.asr.decoding.rnnt_prefixes import MOST_PLACES, Prefix, PrefixScores, log_add, merged
from nemo.collections.asr.modules.rnnt_decoder import RNNTDecoder, StatelessTransducerDecoder
from nemo.collections.asr.modules.rnnt_joint import RNNTJoint
from nemo.collections.common.exceptions import LanguageModelError
from nemo.utils.exceptions import ConfigError, NotYetSupportedError
from tests.arrays import arrays_of
from tests.collections.asr.decoding.transducers import LABELS, batch, decoding, networks

RECORDED = Path(__file__).parents[3] / "data" / "transducer_beam.npz"
STRATEGIES = ("beam", "tsd", "alsd", "maes")
TOKENS, FRAMES, MOST = 2, 2, 3
WIDE = {
    "beam": {},
    "tsd": {"tsd_max_sym_exp_per_step": MOST + 1},
    "alsd": {"alsd_max_target_len": 3.0},
    "maes": {"maes_num_steps": MOST, "maes_prefix_alpha": 9, "maes_expansion_gamma": 1e9, "maes_expansion_beta": 9},
}


def tiny_networks(seed, stateless=False):
    torch.manual_seed(seed)
    kind = StatelessTransducerDecoder if stateless else RNNTDecoder
    decoder = kind({"pred_hidden": 5, "pred_rnn_layers": 1}, TOKENS)
    sizes = {"encoder_hidden": 4, "pred_hidden": 5, "joint_hidden": 6, "activation": "tanh"}
    return decoder.eval(), RNNTJoint(sizes, num_classes=TOKENS).eval()


def sum_over_ways(decoder, joint, encoded, tokens):
    """Log-probability of a text: all ways to share its tokens among the frames, a blank at the end of each."""
    places, _ = decoder.predict(torch.tensor([tokens], dtype=torch.int64), None, add_sos=True)
    scores = joint.joint(encoded.T[None], places)[0].log_softmax(-1)  # [T, U + 1, K]
    total = -math.inf
    for frames in itertools.combinations_with_replacement(range(FRAMES), len(tokens)):
        way = sum(float(scores[frame, place, tokens[place]]) for place, frame in enumerate(frames))
        for frame in range(FRAMES):
            way += float(scores[frame, sum(one <= frame for one in frames), TOKENS])
        total = log_add(total, way)
    return total


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", range(3))
@torch.no_grad()
def test_a_wide_beam_gives_each_text_the_sum_over_all_ways(strategy, seed):
    decoder, joint = tiny_networks(seed, stateless=seed == 2)
    encoded = torch.randn(1, 4, FRAMES)
    config = BeamRNNTInferConfig(
        beam_size=1200, score_norm=False, **{"tsd_max_sym_exp_per_step": MOST, **WIDE[strategy]}
    )
    (found,) = BeamRNNTSearch(decoder, joint, TOKENS, config, strategy).search(encoded, torch.tensor([FRAMES]))
    scores = {tuple(each.y_sequence): each.score for each in found}
    assert len(scores) == len(found)
    assert [each.score for each in found] == sorted(scores.values(), reverse=True)
    # longer texts could have ways with more tokens at a frame than the search writes
    texts = [text for length in range(MOST + 1) for text in itertools.product(range(TOKENS), repeat=length)]
    for text in texts:
        assert scores[text] == pytest.approx(sum_over_ways(decoder, joint, encoded[0], text), abs=1e-4)


@pytest.fixture(scope="module")
def recorded():
    """The prediction and joint networks of two archives, 12 encoder frames, and what the original found."""
    return arrays_of(RECORDED)


@pytest.mark.parametrize("archive", ["conformer_0", "conformer_1"])
@pytest.mark.parametrize("strategy", ["tsd", "alsd", "maes"])
def test_tokens_and_scores_are_the_recorded_ones(recorded, archive, strategy):
    arrays = {key.removeprefix(f"{archive}/"): array for key, array in recorded.items() if key.startswith(archive)}
    hidden, encoded_width = arrays["joint.pred.weight"].shape[1], arrays["joint.enc.weight"].shape[1]
    classes, width = arrays["joint.joint_net.2.weight"].shape
    layers = sum("weight_hh" in key for key in arrays)
    decoder = RNNTDecoder({"pred_hidden": hidden, "pred_rnn_layers": layers}, classes - 1).eval()
    sizes = {"encoder_hidden": encoded_width, "pred_hidden": hidden, "joint_hidden": width, "dropout": 0.2}
    joint = RNNTJoint({**sizes, "activation": str(arrays["activation"])}, num_classes=classes - 1).eval()
    for network, name in ((decoder, "decoder."), (joint, "joint.")):
        network.load_state_dict(
            {key.removeprefix(name): torch.from_numpy(arrays[key]) for key in arrays if key.startswith(name)}
        )
    config = BeamRNNTInferConfig(beam_size=3, tsd_max_sym_exp=5)
    search = BeamRNNTSearch(decoder, joint, classes - 1, config, strategy)
    encoded = torch.from_numpy(arrays["encoded"])
    found = search.search(encoded, torch.full((len(encoded),), encoded.shape[2]))
    for row, hypotheses in enumerate(found):
        expected = arrays[f"{strategy}_tokens"][row]
        # the original's begin with the blank
        assert [classes - 1, *hypotheses[0].y_sequence] == expected[expected >= 0].tolist()
        assert hypotheses[0].score == pytest.approx(float(arrays[f"{strategy}_score"][row]), abs=2e-4)
        assert len(hypotheses[0].timestep) == len(hypotheses[0].y_sequence)
        assert hypotheses[0].timestep == sorted(hypotheses[0].timestep)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_batched_equals_one_by_one_and_padding_is_not_looked_at(strategy):
    decoder, joint = networks("rnnt", seed=3)
    encoded, lengths = batch([7, 0, 4], seed=3)
    search = BeamRNNTSearch(decoder, joint, len(LABELS), BeamRNNTInferConfig(tsd_max_sym_exp=4), strategy)
    together = search.search(encoded, lengths)
    for row, length, found in zip(encoded, lengths.tolist(), together, strict=True):
        (alone,) = search.search(row[None, :, :length], torch.tensor([length]))
        assert [each.y_sequence for each in alone] == [each.y_sequence for each in found]
        assert [each.score for each in alone] == pytest.approx([each.score for each in found], abs=1e-4)
    assert together[1][0].y_sequence == []


@pytest.mark.parametrize("strategy", STRATEGIES)
@torch.no_grad()
def test_ngrams_add_their_weighted_log_probability(tmp_path, strategy):
    tokens = ["x", "y"]
    write_arpa(tmp_path / "lm.arpa", estimate_ngrams([["x", "y", "x"], ["x", "x"], ["y"]], 3))
    decoder, joint = tiny_networks(4)
    encoded, lengths = torch.randn(1, 4, FRAMES), torch.tensor([FRAMES])
    section = {"beam_size": 1200, "tsd_max_sym_exp_per_step": MOST, "score_norm": False} | WIDE[strategy]
    plain = BeamRNNTSearch(decoder, joint, TOKENS, BeamRNNTInferConfig(**section), strategy)
    fused = BeamRNNTInferConfig(**section, ngram_lm_model=str(tmp_path / "lm.arpa"), ngram_lm_alpha=0.7)
    before = {tuple(each.y_sequence): each.score for each in plain.search(encoded, lengths)[0]}
    after = BeamRNNTSearch(decoder, joint, TOKENS, fused, strategy, tokens).search(encoded, lengths)[0]
    model = load_token_language_model(tmp_path / "lm.arpa", tokens)
    assert {tuple(each.y_sequence) for each in after} == before.keys()
    for each in after:
        state, total = model.start, 0.0
        for token in each.y_sequence:
            score, state = model.score(state, token)
            total += score
        assert each.score == pytest.approx(before[tuple(each.y_sequence)] + 0.7 * total, abs=1e-4)


@torch.no_grad()
def test_places_that_were_forgotten_are_computed_again(monkeypatch):
    decoder, joint = networks("rnnt", seed=1)
    encoded, _ = batch([5], seed=1)
    frames = joint.project_encoder(encoded[0].T)
    prefixes = [Prefix(tokens) for tokens in [(1, 2, 3), (), (4,), (1, 2)]]
    expected = PrefixScores(decoder, joint, frames, len(LABELS)).log_probs(prefixes, [0, 1, 2, 3])
    monkeypatch.setattr("nemo.collections.asr.decoding.rnnt_prefixes.MOST_PLACES", 1)
    assert MOST_PLACES > 1000
    scores = PrefixScores(decoder, joint, frames, len(LABELS))
    for _ in range(2):
        one_by_one = [scores.log_probs([prefix], [time]) for time, prefix in enumerate(prefixes)]
        torch.testing.assert_close(torch.cat(one_by_one), expected)


def test_equal_prefixes_become_one_with_the_times_of_the_likelier():
    one, other, third = Prefix((1,), -1.0, (0,)), Prefix((1,), -0.5, (2,)), Prefix((2,), -3.0, (1,))
    first, second = merged([one, third, other])
    assert first == Prefix((1,), pytest.approx(math.log(math.exp(-1) + math.exp(-0.5))), (2,))
    assert second == third
    assert log_add(-math.inf, -math.inf) == -math.inf


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_decoding_gives_text_times_and_all_hypotheses(strategy):
    decoder, joint = networks("rnnt", seed=2)
    encoded, lengths = batch([6, 3], seed=2)
    beam = {"beam_size": 3, "tsd_max_sym_exp": 3, "return_best_hypothesis": False}
    found = decoding("rnnt", decoder, joint, strategy=strategy, beam=beam, compute_timestamps=True)
    best, everything = found.rnnt_decoder_predictions_tensor(encoded, lengths, return_hypotheses=True)
    for first, ranked in zip(best, everything, strict=True):
        assert ranked.n_best_hypotheses[0] is first and 1 <= len(ranked.n_best_hypotheses) <= 4
        blank, *tokens = first.y_sequence.tolist()
        assert blank == len(LABELS) and first == "".join(LABELS[token] for token in tokens)
        assert [entry["start_offset"] for entry in first.timestep["char"]] == first.timestep["timestep"]
    texts, lists = found.rnnt_decoder_predictions_tensor(encoded, lengths)
    assert texts == best and lists == [ranked.n_best_hypotheses for ranked in everything]
    beam["return_best_hypothesis"] = True
    only = decoding("rnnt", decoder, joint, strategy=strategy, beam=beam).rnnt_decoder_predictions_tensor(
        encoded, lengths
    )
    assert only == (texts, None)


@pytest.mark.parametrize(
    ("section", "error", "message"),
    [
        ({"search_type": "widest"}, ConfigError, "'widest'; it may be beam, default, tsd, alsd, maes"),
        ({"search_type": "nsc"}, NotYetSupportedError, "nsc"),
        ({"beam_size": 0}, ConfigError, "beam.beam_size is 0"),
        ({"tsd_max_sym_exp": 0}, ConfigError, "tsd_max_sym_exp_per_step is 0"),
        ({"softmax_temperature": 0.0}, ConfigError, "softmax_temperature 0.0"),
        ({"hat_subtract_ilm": True}, NotYetSupportedError, "hat_subtract_ilm"),
        ({"language_model": "x"}, NotYetSupportedError, "Set ngram_lm_model"),
        ({"ngram_lm_model": "nowhere.arpa", "ngram_lm_alpha": 0.1}, LanguageModelError, "nowhere.arpa is no file"),
    ],
)
def test_settings_that_cannot_be_are_refused(section, error, message):
    decoder, joint = networks("rnnt")
    with pytest.raises(error, match=message):
        decoding("rnnt", decoder, joint, strategy="beam", beam=section)
