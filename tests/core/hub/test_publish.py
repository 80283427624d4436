"""Publishing to a local Hub, and fetching what was published."""

import torch
import yaml

from nemo.core.hub.model_card import make_model_card
from tests.core.tiny import TinyModel, tiny_config


def header(card):
    return yaml.safe_load(card.split("---")[1])


def test_published_model_is_fetched_again(hub, tmp_path):
    model = TinyModel(tiny_config())
    address = model.push_to_hf_hub("team/tiny_pub", commit_message="First version")
    assert address.startswith(f"{hub.address}/team/tiny_pub/commit/")
    assert sorted(hub.repositories["team/tiny_pub"]) == ["README.md", "tiny_pub.nemo"]
    restored = TinyModel.from_pretrained("team/tiny_pub")
    assert torch.equal(restored.encoder.weight, model.encoder.weight)


def test_card_has_a_header_and_a_snippet_and_one_that_is_there_stays(hub):
    model = TinyModel(tiny_config())
    model.push_to_hf_hub("team/carded")
    card = hub.repositories["team/carded"]["README.md"].decode()
    assert header(card)["library_name"] == "nemo"
    assert 'TinyModel.from_pretrained("team/carded")' in card
    hub.repositories["team/carded"]["README.md"] = b"by hand"
    model.push_to_hf_hub("team/carded")
    assert hub.repositories["team/carded"]["README.md"] == b"by hand"
    model.push_to_hf_hub("team/carded", model_card="another")
    assert hub.repositories["team/carded"]["README.md"] == b"another"


def test_members_are_published_beside_each_other(hub):
    model = TinyModel(tiny_config())
    model.push_to_hf_hub("team/open_pub", pack_nemo_file=False)
    assert {"model_config.yaml", "model_weights.ckpt"} <= set(hub.repositories["team/open_pub"])
    assert torch.equal(TinyModel.from_pretrained("team/open_pub").encoder.weight, model.encoder.weight)


def test_card_says_what_is_given_before_what_is_guessed():
    card = make_model_card(
        TinyModel(tiny_config()), "team/x", license="cc-by-4.0", language=["de"], library_name="other"
    )
    assert header(card) | {} == header(card)
    assert (header(card)["license"], header(card)["language"], header(card)["library_name"]) == (
        "cc-by-4.0",
        ["de"],
        "other",
    )
    assert card.index("license:") < card.index("tags:")
    assert "19 parameters" in card and "Optimizer: name sgd, lr 0.1." in card
