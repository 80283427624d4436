"""The parts of Conformer encoders; the encoder itself is in nemo/collections/asr/modules/conformer_encoder.py."""
