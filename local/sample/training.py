"""Trains the sample's model: a classifier of breast tumours, on scikit-learn's Wisconsin data (569 real ones)."""

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


_DATA = load_breast_cancer()
_CLASSES: list[str] = [str(name) for name in _DATA.target_names]


def train() -> Trained:
    """Train the model; the same model each time."""
    seen, unseen, targets, unseen_targets = train_test_split(
        _DATA.data, _DATA.target, test_size=0.25, random_state=0, stratify=_DATA.target
    )
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(seen, targets)
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
