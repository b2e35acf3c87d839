"""Train a small real model: an MLP on the 1,797 handwritten digits that scikit-learn ships. 10 to 20 s on two cores."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--epochs", type=int, default=90)
parser.add_argument("--output", type=Path, default=Path("model.joblib"))
options = parser.parse_args()
progress = os.environ.get("CARBON_LINT_PROGRESS")


def tell(line: str) -> None:
    """Tell carbon-lint how far we are, or which phase begins."""
    if progress:
        with Path(progress).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


tell("phase load")
features, labels = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(features / 16.0, labels, test_size=0.25, random_state=0)
model = MLPClassifier(hidden_layer_sizes=(512, 512), batch_size=64, learning_rate_init=5e-4, random_state=0)
shuffle = np.random.default_rng(0)

tell("phase train")
for epoch in range(1, options.epochs + 1):
    order = shuffle.permutation(len(train_x))
    model.partial_fit(train_x[order], train_y[order], classes=np.arange(10))
    tell(f"{epoch}/{options.epochs}")
    if epoch % (options.epochs // 6) == 0:
        print(f"epoch {epoch:>3}/{options.epochs}  loss {model.loss_:.5f}  accuracy {model.score(test_x, test_y):.4f}")
        sys.stdout.flush()

tell("phase save")
joblib.dump(model, options.output)
print(f"saved {options.output}")
