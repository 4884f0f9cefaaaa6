"""The models of the demo, and how a client distinguishes them."""

from dataclasses import dataclass
from typing import Any, Self

from local.aws.errors import LocalAwsError
from local.demo.sample.client import Client
from local.demo.sample.training import Trained, train

_FEW = 20


class DemoFailedError(LocalAwsError):
    """Something that the demo shows did not happen."""


@dataclass(frozen=True)
class DemoModels:
    """The models that are uploaded, all of them under the same key.

    Attributes:
        first: Trained on a few tumours.
        better: Trained on all of them.
        broken: Trained on swapped labels. It answers at once and in the right form, and nearly always wrongly.
    """

    first: Trained
    better: Trained
    broken: Trained

    @classmethod
    def train(cls) -> Self:
        """Train all of them."""
        return cls(train(_FEW), train(), train(labels_are_swapped=True))

    @property
    def by_name(self) -> dict[str, Trained]:
        """All of them by name."""
        return vars(self)

    def client(self, runtime: Any, endpoint: str) -> Client:
        """Return a client whose sample each model classifies differently.

        Raises:
            DemoFailedError: There is no such tumour.
        """
        for tumour in self.better.measurements:
            answers = {name: model.predictions([tumour])[0] for name, model in self.by_name.items()}
            if all(list(answers.values()).count(answer) == 1 for answer in answers.values()):
                return Client(runtime, endpoint, tumour, answers)
        raise DemoFailedError("The models give the same answers")
