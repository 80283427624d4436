"""The keys of `model` that are no model's own."""

TRAINING_KEYS = (
    "non_finite",
    "freeze_updates",
    "activation_checkpointing",
    "compile",
    "nsys_profile",
    "memory_profile",
    "torch_profile",
    "dump_debug_info",
    "optim_param_groups",
    "init_from_nemo_model",
    "init_from_pretrained_model",
    "init_from_ptl_ckpt",
    "init_strict",
)
"""Keys of `model` that every model takes besides its own."""
