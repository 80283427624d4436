"""Speech recognition models whose encoder, decoder or joint network takes adapters."""

from __future__ import annotations

from nemo.core.adapters.model_adapters import AdapterModelPTMixin


class ASRAdapterModelMixin(AdapterModelPTMixin):
    """Adapters of a speech recognition model; those whose name does not say which part are the encoder's."""

    @property
    def adapter_module_names(self) -> list[str]:
        """The attributes that may have adapters; "" is the encoder."""
        return ["", "encoder", "decoder", "joint"]

    @property
    def default_adapter_module_name(self) -> str:
        """The encoder."""
        return "encoder"
