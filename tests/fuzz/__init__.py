"""Random inputs: properties that hold for all of them, and readers that survive all of them."""
