"""Makes transducer_beam.npz from archives of the original and the arrays recorded beside them.

    python tests/data/make_transducer_beam.py FOLDER

FOLDER holds n123_rnnt_bpe_conformer_{0,1}.nemo and .out.npz. Kept are the weights of the prediction and the joint
network, the first 12 encoder frames, and what the original's beam searches found there with beam_size 3.
"""

import io
import sys
import tarfile
from pathlib import Path

import numpy as np
import torch
import yaml


def main():
    folder, arrays = Path(sys.argv[1]), {}
    for name in ("conformer_0", "conformer_1"):
        archive = folder / f"n123_rnnt_bpe_{name}.nemo"
        recorded = np.load(archive.with_suffix(".out.npz"))
        with tarfile.open(archive) as tar:
            config = yaml.safe_load(tar.extractfile("./model_config.yaml").read())
            weights = torch.load(io.BytesIO(tar.extractfile("./model_weights.ckpt").read()), weights_only=True)
        for key, weight in weights.items():
            if key.startswith(("decoder.", "joint.")):
                arrays[f"{name}/{key}"] = weight.numpy()
        arrays[f"{name}/activation"] = np.array(config["joint"]["jointnet"]["activation"])
        arrays[f"{name}/encoded"] = recorded["encoded"][:, :, :12]
        for strategy in ("tsd", "alsd", "maes"):
            for part in ("tokens", "score"):
                arrays[f"{name}/{strategy}_{part}"] = recorded[f"{strategy}_{part}"]
    np.savez_compressed(Path(__file__).with_name("transducer_beam.npz"), **arrays)


if __name__ == "__main__":
    main()
