import numpy as np
import pytest
import torch

from nemo.collections.asr.models import ASRModel, EncDecTransfModelBPE
from nemo.utils.exceptions import ConfigError
from tests.arrays import arrays_of
from tests.collections.asr.models import tiny, tiny_attention
from tests.collections.asr.models.archives import COMPAT
from tests.collections.asr.models.test_multitask import dataset, trainer

NAME = "n123_aed_transf_bpe_0"


def assert_close(found, recorded):
    """The index of the archives states 2e-4 of the largest magnitude; here padding counts as well."""
    assert found.shape == recorded.shape
    assert np.abs(found.numpy() - recorded).max() / max(1.0, np.abs(recorded).max()) < 2e-4


@torch.no_grad()
def test_states_and_log_probabilities_of_an_archive_are_the_recorded_ones(tmp_path):
    model = ASRModel.restore_from(str(COMPAT / f"{NAME}.nemo"), map_location="cpu").eval()
    assert type(model) is EncDecTransfModelBPE
    recorded, inputs = arrays_of(COMPAT / f"{NAME}.out.npz"), arrays_of(COMPAT / f"{NAME}.in.npz")
    common = arrays_of(COMPAT / "inputs_pub_16000.npz")
    lengths = torch.tensor(common["audio_len"][:2].astype("int64"))
    arguments = {
        "input_signal": torch.tensor(common["audio"][:2, : int(lengths.max())].astype("float32") / 32768),
        "input_signal_length": lengths,
        "transcript": torch.tensor(inputs["target"].astype("int64")),
        "transcript_length": torch.tensor(inputs["target_len"].astype("int64")),
    }
    log_probs, encoded_lengths, states, mask = model(**arguments)
    assert encoded_lengths.tolist() == recorded["encoded_len"].tolist()
    assert mask.long().tolist() == recorded["enc_mask"].tolist()
    assert_close(states, recorded["enc_states"])
    assert_close(log_probs, recorded["log_probs"])
    with pytest.raises(ConfigError, match="has no bos_id and no eos_id"):
        model.transcribe([tiny.signal(0.3)], verbose=False)
    model.save_to(str(tmp_path / "again.nemo"))
    again = ASRModel.restore_from(str(tmp_path / "again.nemo"), map_location="cpu").eval()
    assert torch.equal(again(**arguments)[0], log_probs)


def test_one_batch_is_learned_saved_restored_and_transcribed(tmp_path):
    torch.manual_seed(0)
    _, manifest = tiny.recordings(tmp_path, texts=("a b", "bc ca", "c"))
    data = dataset(manifest, use_start_end_token=True)
    cfg = tiny_attention.plain(tmp_path / "tokenizer", train_ds=data, validation_ds=data)
    fitting = trainer(max_steps=80)
    model = EncDecTransfModelBPE(cfg=cfg, trainer=fitting)
    assert {"adapter.weight", "transf_encoder.final_layer_norm.weight"} <= set(model.state_dict())
    fitting.fit(model)
    results = fitting.validate(model, verbose=False)[0]
    assert results["val_loss"] < 0.1 and results["val_wer"] == 0.0
    model.save_to(str(tmp_path / "model.nemo"))
    again = EncDecTransfModelBPE.restore_from(str(tmp_path / "model.nemo"), map_location="cpu")
    assert again.transcribe(manifest, verbose=False) == ["a b", "bc ca", "c"]
    assert again.beam_search.beam_size == 2 and again.cfg.decoding.beam.max_generation_delta == 5


def test_sections_that_do_not_fit_are_named(tmp_path):
    cfg = tiny_attention.plain(tmp_path / "tokenizer")
    cfg["transf_encoder"]["hidden_size"] = 32
    with pytest.raises(ConfigError, match="transf_encoder.hidden_size is 32, and that of transf_decoder 16"):
        EncDecTransfModelBPE(cfg=cfg)
    del cfg["transf_decoder"]
    with pytest.raises(ConfigError, match="model.transf_decoder is mandatory"):
        EncDecTransfModelBPE(cfg=cfg)
