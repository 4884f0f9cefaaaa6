"""Where a trial takes place: an account, a deployed stack, and names of the trial's own."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.json_document import Document

_PAUSE_SHARE = 1 / 400


class TrialFailedError(Exception):
    """The trial cannot go on; the message says why."""


@dataclass
class Site:
    """An account with the stack in it.

    Attributes:
        clients: Returns a boto3 client of a service.
        bucket: The stack's artifact bucket.
        state_machine: The ARN of its state machine.
        role: A role that SageMaker runs models as.
        event_bus: The bus that the stack announces outcomes on.
        image: An image that serves scikit-learn models.
        instance_type: What the trial's endpoints run on.
        name: What everything is called that the trial makes; endpoints, models, configs begin with it.
        patience: Seconds after which something counts as never coming.
        seen: What was noticed on the way, by what it is.
    """

    clients: Callable[[str], Any]
    bucket: str
    state_machine: str
    role: str
    event_bus: str
    image: str
    instance_type: str
    name: str
    patience: float = 3600.0
    seen: Document = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        return self.clients(service)

    def wait_for(self, what: str, look: Callable[[], Any]) -> Any:
        """Look again and again until something is there, and return it.

        Raises:
            TrialFailedError: It did not come in time.
        """
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            if found := look():
                return found
            time.sleep(self.patience * _PAUSE_SHARE)
        raise TrialFailedError(f"{what} did not come within {self.patience:g} s")

    def answer_of(self, service: str, operation: str, **parameters: Any) -> str:
        """Return what a call is refused with, without the account's own names; `accepted` if it is not."""
        try:
            getattr(self.client(service), operation)(**parameters)
        except ClientError as error:
            response: Any = error.response
            return self.plain(f"{response['Error']['Code']}: {response['Error']['Message']}")
        return "accepted"

    def plain(self, text: str) -> str:
        """Return a text with the trial's, the account's and the region's names replaced."""
        text = re.sub(r"arn:aws[\w-]*:sagemaker:[\w-]+:\d{12}:", "arn:…:", text)
        text = re.sub(r"\b\d{12}\b", "<account>", text)
        return re.sub(re.escape(self.name), "<trial>", text, flags=re.IGNORECASE)
