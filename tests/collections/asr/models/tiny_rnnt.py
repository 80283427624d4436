"""Transducers and hybrids small enough for tests; recordings are those of tiny.py."""

from tests.collections.asr.models import tiny

KINDS = {
    "rnnt": {},
    "tdt": {
        "loss": {"loss_name": "tdt", "tdt_kwargs": {"durations": [0, 1, 2], "sigma": 0.02, "omega": 0.1}},
        "decoding": {"model_type": "tdt", "durations": [0, 1, 2], "greedy": {"max_symbols": 5}},
    },
    "multiblank": {
        "loss": {
            "loss_name": "multiblank_rnnt",
            "multiblank_rnnt_kwargs": {"big_blank_durations": [2, 4], "sigma": 0.02},
        },
        "decoding": {"model_type": "multiblank", "big_blank_durations": [2, 4], "greedy": {"max_symbols": 5}},
    },
}
OUTPUTS = {"rnnt": 0, "tdt": 3, "multiblank": 2}


def config(kind="rnnt", fused=False, stateless=False, **more):
    """A transducer over the labels of tiny.py, with its convolutional encoder."""
    base = tiny.config()
    decoder = {"_target_": f"{tiny.MODULES}.RNNTDecoder", "prednet": {"pred_hidden": 16, "pred_rnn_layers": 1}}
    if stateless:
        decoder = {"_target_": f"{tiny.MODULES}.StatelessTransducerDecoder", "prednet": {"pred_hidden": 16}}
    joint = {
        "_target_": f"{tiny.MODULES}.RNNTJoint",
        "fuse_loss_wer": fused, "fused_batch_size": 2, "num_extra_outputs": OUTPUTS[kind],
        "jointnet": {"joint_hidden": 16, "activation": "relu"},
    }  # fmt: skip
    kept = ("sample_rate", "labels", "preprocessor", "spec_augment", "encoder", "optim")
    decoding = {"decoding": {"greedy": {"max_symbols": 5}}}
    return {name: base[name] for name in kept} | {"decoder": decoder, "joint": joint} | decoding | KINDS[kind] | more


def hybrid(**more):
    aux = {"ctc_loss_weight": 0.3, "decoder": {"_target_": f"{tiny.MODULES}.ConvASRDecoder"}}
    return config(aux_ctc=aux, **more)
