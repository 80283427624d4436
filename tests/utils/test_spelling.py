import pytest

from nemo.utils.spelling import nearest, nearest_names

KEYS = ["resume_if_exists", "save_top_k", "exp_dir", "Name"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("resume_if_exist", "resume_if_exists"), ("save_topk", "save_top_k"), ("NAME", "Name"), ("unrelated", None)],
)
def test_the_nearest_name_is_found_whatever_its_case(name, meant):
    assert nearest(name, KEYS) == meant


def test_several_names_come_most_similar_first():
    assert nearest_names("model_en", ["other", "model_de", "model_en2"]) == ["model_en2", "model_de"]
    assert nearest_names("model_en", ["model_a", "model_b", "model_c", "model_d"], count=2) != []
    assert len(nearest_names("model_en", ["model_a", "model_b", "model_c", "model_d"])) == 3
