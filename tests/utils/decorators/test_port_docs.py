from nemo.utils.decorators import add_port_docs


def test_the_property_says_what_it_gives():
    class Module:
        @property
        @add_port_docs()
        def input_types(self):
            """Inputs of the module."""
            return {}

    assert Module.input_types.__doc__.startswith("Inputs of the module.")
    assert "NeuralType" in Module.input_types.__doc__
    assert Module().input_types == {}
