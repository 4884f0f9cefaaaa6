"""A client of the sample's endpoint, which does not stop asking while the endpoint is changed."""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ValidationError

from local.aws.errors import LocalAwsError
from local.demo.sample.training import Prediction

_PAUSE_SECONDS = 0.05
_STOP_SECONDS = 70.0  # an invocation may take 60


class _Answer(BaseModel):
    predictions: list[Prediction]


class ClientFailedError(LocalAwsError):
    """An invocation failed, or the answer was none that any of the models gives."""


def invoke(runtime: Any, endpoint: str, tumours: list[list[float]]) -> list[Prediction]:
    """Ask an endpoint about tumours, in one invocation.

    Raises:
        ClientFailedError: It did not answer, or not in the form that the sample's models have in common.
    """
    body = "\n".join(",".join(map(str, tumour)) for tumour in tumours)
    try:
        answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=body)
        return _Answer.model_validate_json(answer["Body"].read()).predictions
    except (BotoCoreError, ClientError, ValidationError) as error:
        raise ClientFailedError(f"{type(error).__name__}: {error}") from error


class Client:
    """Invokes an endpoint again and again, in a thread, from `with` to its end. It never tries again.

    Attributes:
        answers: Which model each answer was of, in the order in which they came.
        seconds: For how long it has been asking.
    """

    def __init__(self, runtime: Any, endpoint: str, tumour: list[float], models: Mapping[str, Prediction]) -> None:
        """Ask about one tumour; each model, by its name, has an answer of its own."""
        self.answers: list[str] = []
        self.seconds = 0.0
        self._runtime = runtime
        self._endpoint = endpoint
        self._tumour = tumour
        self._models = models
        self._failures: list[str] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        self._begin = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            self._failures.append(f"No answer within {_STOP_SECONDS:g} s")
        self.seconds = time.monotonic() - self._begin

    def counts(self) -> Counter[str]:
        """Count the answers by model.

        Raises:
            ClientFailedError: There was a failure, or there was no answer at all.
        """
        if self._failures:
            asked = len(self.answers) + len(self._failures)
            raise ClientFailedError(f"{len(self._failures)} of {asked} answers failed; the first: {self._failures[0]}")
        if not self.answers:
            raise ClientFailedError("The client got no answer")
        return Counter(self.answers)

    def side_by_side(self, old: str, new: str) -> Counter[str]:
        """Count the answers from a new model's first one to the old one's last, by model; none if they did not mix."""
        if new not in self.answers or old not in self.answers:
            return Counter()
        first, last = self.answers.index(new), len(self.answers) - 1 - self.answers[::-1].index(old)
        return Counter(self.answers[first : last + 1])

    def _ask(self) -> None:
        while True:
            try:
                self._take(invoke(self._runtime, self._endpoint, [self._tumour]))
            except Exception as error:  # noqa: BLE001 - whatever goes wrong, the client has no answer
                self._failures.append(str(error))
            if self._ended.wait(_PAUSE_SECONDS):
                return

    def _take(self, answer: list[Prediction]) -> None:
        names = [name for name, prediction in self._models.items() if [prediction] == answer]
        if not names:
            raise ClientFailedError(f"No model answers {answer}")
        self.answers += names
