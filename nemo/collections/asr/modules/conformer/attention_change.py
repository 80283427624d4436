"""What a user may change of the attention of a trained Conformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class ConformerChangeConfig:
    """`model_change.conformer` section of scripts: local attention for long recordings."""

    self_attention_model: str | None = None
    """rel_pos, rel_pos_local_attn or abs_pos; null: as it is."""
    att_context_size: Any = None
    """[left, right] encoder frames; null: as it is."""
