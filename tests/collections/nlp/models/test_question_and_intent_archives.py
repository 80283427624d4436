"""Archives of the original with heads for answers, and for intents and slots, compute what was recorded.

Tolerance: 2e-4 of the largest magnitude, as the archives' own index states it.
"""

from pathlib import Path

import pytest
import torch

from nemo.collections.nlp.models import NLPModel
from tests.arrays import arrays_of

COMPAT = Path(__file__).parents[3] / "data" / "compat"


@pytest.mark.parametrize(
    ("name", "model_class"), [("n123_nlp_qa_0", "QAModel"), ("n123_nlp_intent_slot_0", "IntentSlotClassificationModel")]
)
def test_archive_restores_computes_and_is_written_again(tmp_path, name, model_class):
    model = NLPModel.restore_from(str(COMPAT / f"{name}.nemo"), map_location="cpu").eval()
    assert type(model).__name__ == model_class
    inputs = {key: torch.from_numpy(array) for key, array in arrays_of(COMPAT / f"{name}.in.npz").items()}
    recorded = arrays_of(COMPAT / f"{name}.out.npz")
    with torch.no_grad():
        found = model.forward(**inputs)
    heads = found if isinstance(found, tuple) else (found,)
    assert len(heads) == sum(key.startswith("logits") for key in recorded)
    for number, logits in enumerate(heads):
        expected = torch.from_numpy(recorded[f"logits_{number}"])
        assert torch.allclose(logits, expected, atol=2e-4 * max(1.0, float(expected.abs().max())))
    model.save_to(str(tmp_path / "again.nemo"))
    again = type(model).restore_from(str(tmp_path / "again.nemo"))
    assert again.cfg.target == model.cfg.target
    for key, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[key], tensor), key
