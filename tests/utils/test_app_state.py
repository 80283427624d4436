import pytest

from nemo.utils.app_state import AppState


def test_there_is_one_state():
    state = AppState()
    state.random_seed = 7
    try:
        assert AppState() is state
        assert AppState().random_seed == 7
    finally:
        state.random_seed = None


def test_models_and_their_archives():
    state = AppState()
    state.register_model_guid("guid-a", "model.nemo")
    state.register_model_guid("guid-b")
    assert state.get_model_metadata_from_guid("guid-a").restoration_path == "model.nemo"
    assert state.get_model_metadata_from_guid("guid-b").restoration_path is None
    state.reset_model_guid_registry()
    with pytest.raises(KeyError, match="no model with guid 'guid-a'"):
        state.get_model_metadata_from_guid("guid-a")
