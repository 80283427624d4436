"""Translation models of the original's release 1.23: hidden states, log-probabilities and translations.

Tolerance: 2e-4 of the largest magnitude, as the archives' own index states it. One has fixed positions and normalises
outputs (post-LN), the other learned positions, types of tokens, GELU, and normalises inputs.
"""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import torch
import yaml

from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.common.transformer import get_nemo_transformer
from nemo.collections.common.transformer.generation import BeamSearchSequenceGenerator
from tests.arrays import arrays_of

COMPAT = Path(__file__).parents[3] / "data" / "compat"
PAD, BOS, EOS = 3, 1, 2


class Case:
    """An archive's modules, with its inputs and recorded outputs."""

    def __init__(self, name):
        with tarfile.open(COMPAT / f"{name}.nemo") as archive:
            contents = {member.name.removeprefix("./"): archive.extractfile(member).read() for member in archive if member.isfile()}  # fmt: skip  # noqa: E501
        self.config = yaml.safe_load(contents["model_config.yaml"])
        weights = torch.load(io.BytesIO(contents["model_weights.ckpt"]), weights_only=True)
        tokenizer = self.config["encoder_tokenizer"]["tokenizer_model"].removeprefix("nemo:")
        self.tokenizer = sentencepiece.SentencePieceProcessor(model_proto=contents[tokenizer])
        size = self.tokenizer.get_piece_size()
        modules = torch.nn.Module()
        modules.encoder = get_nemo_transformer(config_dict=self.config["encoder"] | {"vocab_size": size})
        modules.decoder = get_nemo_transformer(config_dict=self.config["decoder"] | {"vocab_size": size}, encoder=False)
        modules.log_softmax = TokenClassifier(self.config["decoder"]["hidden_size"], size)
        modules.load_state_dict(weights, strict=True)
        self.modules = modules.eval()
        self.inputs = arrays_of(COMPAT / f"{name}.in.npz")
        self.recorded = arrays_of(COMPAT / f"{name}.out.npz")


@pytest.fixture(params=["n123_nlp_mt_aayn_0", "n123_nlp_mt_aayn_1"])
def case(request):
    return Case(request.param)


def assert_close(found, recorded):
    assert np.abs(found.numpy() - recorded).max() / max(1.0, np.abs(recorded).max()) < 2e-4


@torch.no_grad()
def test_states_and_log_probabilities_are_the_recorded_ones(case):
    source, target = (torch.tensor(case.inputs[name].astype("int64")) for name in ("src", "tgt"))
    source_mask, target_mask = (source != PAD).long(), (target != PAD).long()
    encoded = case.modules.encoder(input_ids=source, encoder_mask=source_mask)
    assert_close(encoded, case.recorded["encoder_hidden"])
    decoded = case.modules.decoder(
        input_ids=target, decoder_mask=target_mask, encoder_embeddings=encoded, encoder_mask=source_mask
    )
    assert_close(case.modules.log_softmax(hidden_states=decoded), case.recorded["log_probs"])


@torch.no_grad()
def test_beam_search_finds_the_recorded_translations(case):
    ids = [[BOS, *case.tokenizer.encode(str(sentence)), EOS] for sentence in case.inputs["sentences"]]
    longest = max(map(len, ids))
    source = torch.tensor([row + [PAD] * (longest - len(row)) for row in ids])
    mask = source != PAD
    search = BeamSearchSequenceGenerator(
        case.modules.decoder.embedding,
        case.modules.decoder.decoder,
        case.modules.log_softmax,
        beam_size=case.config["beam_size"],
        len_pen=case.config["len_pen"],
        pad=PAD,
        bos=BOS,
        eos=EOS,
        max_sequence_length=case.config["decoder"]["max_sequence_length"],
        max_delta_length=case.config["max_generation_delta"],
        like_release_1=True,
    )
    best = search(
        encoder_hidden_states=case.modules.encoder(input_ids=source, encoder_mask=mask), encoder_input_mask=mask
    )
    texts = [case.tokenizer.decode([token for token in row if token not in (PAD, BOS, EOS)]) for row in best.tolist()]
    assert texts == case.recorded["translation"].tolist()
