"""The losses of a short training, for recipes that are to learn."""

import pytorch_lightning as pl


class Losses(pl.Callback):
    """Keeps the loss of each step: what the step returns, or what it logs under a name."""

    def __init__(self, name=None):
        self.name, self.values = name, []

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.values.append(float(outputs["loss"] if self.name is None else trainer.callback_metrics[self.name]))
