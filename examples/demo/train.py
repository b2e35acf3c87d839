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

features, labels = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(features / 16.0, labels, test_size=0.25, random_state=0)
model = MLPClassifier(hidden_layer_sizes=(512, 512), batch_size=64, learning_rate_init=5e-4, random_state=0)
shuffle = np.random.default_rng(0)
progress = os.environ.get("CARBON_LINT_PROGRESS")

for epoch in range(1, options.epochs + 1):
    order = shuffle.permutation(len(train_x))
    model.partial_fit(train_x[order], train_y[order], classes=np.arange(10))
    if progress:
        Path(progress).write_text(f"{epoch / options.epochs:.4f}\n", encoding="utf-8")
    if epoch % (options.epochs // 6) == 0:
        print(f"epoch {epoch:>3}/{options.epochs}  loss {model.loss_:.5f}  accuracy {model.score(test_x, test_y):.4f}")
        sys.stdout.flush()

joblib.dump(model, options.output)
print(f"saved {options.output}")
