"""The functions that SageMaker's scikit-learn container calls to serve the model."""

import json
from pathlib import Path
from typing import Any

import joblib

CLASSES = ("malignant", "benign")


def model_fn(model_dir: str) -> Any:
    """Load the model from the unpacked `model.tar.gz`."""
    return joblib.load(Path(model_dir) / "model.joblib")


def input_fn(body: str | bytes, content_type: str) -> list[list[float]]:
    """Read the measurements: one tumour per line of CSV."""
    if content_type != "text/csv":
        raise ValueError(f"content type {content_type} is not supported; send text/csv")
    lines = body.decode() if isinstance(body, bytes) else body
    return [[float(value) for value in line.split(",")] for line in lines.splitlines()]


def predict_fn(measurements: list[list[float]], model: Any) -> list[dict[str, Any]]:
    """Return the class of each tumour and how probable the model thinks it is."""
    probabilities = model.predict_proba(measurements)
    return [{"class": CLASSES[row.argmax()], "probability": round(float(row.max()), 4)} for row in probabilities]


def output_fn(predictions: list[dict[str, Any]], accept: str) -> str:
    """Write the predictions as JSON, whatever `accept` prefers."""
    del accept
    return json.dumps({"predictions": predictions})
