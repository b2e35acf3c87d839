"""Two epochs of a real Lightning Trainer with our callback; run by the tests. with_lightning.py PACKAGE."""

import sys
import time
from importlib import import_module

import torch
from torch.utils.data import DataLoader

lightning = import_module(sys.argv[1])

from carbon_lint.callbacks import LightningProgress  # noqa: E402  it follows the package that is in use


class Tiny(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch, batch_idx):
        time.sleep(0.05)
        return self.layer(batch).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


torch.set_num_threads(1)
assert isinstance(LightningProgress(), lightning.Callback)
trainer = lightning.Trainer(
    max_epochs=2,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    callbacks=[LightningProgress()],
)
trainer.fit(Tiny(), DataLoader(torch.ones(64, 4), batch_size=8))
