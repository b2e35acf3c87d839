"""Train a small classifier of scikit-learn's digits: about a second on one core."""

import joblib
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier

features, labels = load_digits(return_X_y=True)
model = RandomForestClassifier(n_estimators=50, oob_score=True, random_state=0).fit(features, labels)
print(f"accuracy {model.oob_score_:.3f}")
joblib.dump(model, "model.joblib")
