"""Adapters: small modules added to a trained network, and trained while all else stays as it is (Houlsby et al., 2019).

model.add_adapter("domain", cfg)  ->  model.freeze(); model.unfreeze_enabled_adapters()  ->  fit  ->  save_adapters
"""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "adapter_stack": ["AdapterStack"],
        "model_adapters": ["AdapterModelPTMixin"],
        "module_adapters": ["AdapterModuleMixin"],
        "registry": ["ADAPTER_REGISTRY", "AdapterRegistryInfo", "get_registered_adapter", "register_adapter"],
    },
    submodules=["strategies"],
)
