"""Train a linear Lightning module on made-up rows: a few seconds on one core."""

import lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset


class Linear(pl.LightningModule):
    """A linear regression."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(32, 1)

    def training_step(self, batch, _index):
        """Return the mean squared error of a batch."""
        inputs, targets = batch
        return torch.nn.functional.mse_loss(self.layer(inputs), targets)

    def configure_optimizers(self):
        """Return plain gradient descent."""
        return torch.optim.SGD(self.parameters(), lr=0.01)


pl.seed_everything(0)
inputs = torch.randn(1024, 32)
rows = DataLoader(TensorDataset(inputs, inputs.sum(dim=1, keepdim=True)), batch_size=64, shuffle=True)
trainer = pl.Trainer(max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False)
trainer.fit(Linear(), rows)
trainer.save_checkpoint("out/model.ckpt")
