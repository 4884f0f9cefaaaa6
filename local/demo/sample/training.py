"""Trains the sample's models: classifiers of breast tumours, on scikit-learn's Wisconsin data (569 real ones)."""

import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

CODE = Path(__file__).parent / "code"
MANIFEST = Path(__file__).parent / "deployment.yaml"

Prediction = dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """A trained model and the tumours that it has not seen.

    Attributes:
        model: The scikit-learn pipeline.
        accuracy: Share of the unseen tumours that it classifies rightly.
        measurements: The unseen tumours, 30 numbers each.
        diagnoses: What they truly are: malignant or benign.
    """

    model: Any
    accuracy: float
    measurements: list[list[float]]
    diagnoses: list[str]

    def predict(self, measurements: list[float]) -> str:
        """Return the class of one tumour, by the model itself."""
        return _CLASSES[int(self.model.predict([measurements])[0])]

    def predictions(self, tumours: list[list[float]]) -> list[Prediction]:
        """Return what an endpoint has to answer that serves the model: the class of each tumour, and how probable."""
        probabilities = self.model.predict_proba(tumours)
        classes = self.model.predict(tumours)
        return [
            {"class": _CLASSES[int(code)], "probability": round(float(max(row)), 4)}
            for code, row in zip(classes, probabilities, strict=True)
        ]


_DATA = load_breast_cancer()
_CLASSES: list[str] = [str(name) for name in _DATA.target_names]


def train(tumours: int | None = None, *, labels_are_swapped: bool = False) -> Trained:
    """Train a model; the same one each time.

    Args:
        tumours: How many it may learn from; None for all 426 that are not kept back.
        labels_are_swapped: Whether it takes malignant tumours for benign ones and the other way round, as a model does
            whose data count from another class than its inference code.
    """
    seen, unseen, targets, unseen_targets = train_test_split(
        _DATA.data, _DATA.target, test_size=0.25, random_state=0, stratify=_DATA.target
    )
    labels = 1 - targets if labels_are_swapped else targets
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(seen[:tumours], labels[:tumours])
    return Trained(
        model=model,
        accuracy=float(model.score(unseen, unseen_targets)),
        measurements=unseen.tolist(),
        diagnoses=[_CLASSES[target] for target in unseen_targets],
    )


def pack(trained: Trained) -> bytes:
    """Return `model.tar.gz` as SageMaker expects it: the model at the top, the inference code in `code/`."""
    with tempfile.TemporaryDirectory() as folder:
        model, archive = Path(folder, "model.joblib"), Path(folder, "model.tar.gz")
        joblib.dump(trained.model, model)
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(model, model.name)
            tar.add(CODE / "inference.py", "code/inference.py")
        return archive.read_bytes()
