"""Parts of the Squeezeformer encoder."""
