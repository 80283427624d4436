import pytest

from nemo.collections.asr.models import EncDecClassificationModel, EncDecFrameClassificationModel
from nemo.collections.asr.models.vad import init_frame_vad_model, init_vad_model
from tests.collections.asr.models.archives import COMPAT


def test_archives_are_restored_as_their_kind():
    assert type(init_vad_model(str(COMPAT / "n123_vad_marblenet_1.nemo"))) is EncDecClassificationModel
    assert type(init_frame_vad_model(str(COMPAT / "n123_vad_frame_0.nemo"))) is EncDecFrameClassificationModel


def test_other_names_are_those_of_published_models(monkeypatch):
    monkeypatch.setattr(EncDecClassificationModel, "from_pretrained", lambda model_name: f"published {model_name}")
    assert init_vad_model("vad_marblenet") == "published vad_marblenet"
    with pytest.raises(FileNotFoundError):
        init_frame_vad_model("missing.ckpt")
