"""Sets and observes SageMaker's simulator while it runs, over a URL that only this machine reaches."""

from http import HTTPStatus
from typing import Any

import urllib3
from pydantic import TypeAdapter

from local.aws.audit import Authorization
from local.aws.errors import LocalAwsError
from local.json_document import Document
from local.simulator import Settings

PATH = "/_simulator/"
_SETTINGS = TypeAdapter(Settings)
_AUTHORIZATIONS = TypeAdapter(list[Authorization])
_SECONDS = 10.0


class ControlRefusedError(LocalAwsError):
    """The server did not take what the control sent; the message says why."""


class Control:
    """The simulator that a server runs."""

    def __init__(self, url: str) -> None:
        """Control the server at `url`."""
        self._url = url

    @property
    def settings(self) -> Settings:
        """How the simulator behaves; setting it counts faults from nothing again."""
        return _SETTINGS.validate_python(self._send("GET", f"{PATH}settings"))

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._send("PUT", f"{PATH}settings", _SETTINGS.dump_python(settings, mode="json"))

    def calls(self) -> list[Document]:
        """Return the requests that SageMaker got, in order; see `local.aws.sagemaker_service.Call`."""
        calls: list[Document] = self._send("GET", f"{PATH}calls")
        return calls

    def authorizations(self) -> list[Authorization]:
        """Return what IAM has decided so far, about all services and everybody but the account's root."""
        return _AUTHORIZATIONS.validate_python(self._send("GET", f"{PATH}authorizations"))

    def resources(self) -> dict[str, Document]:
        """Return what there is in SageMaker: `Models`, `EndpointConfigs` and `Endpoints`, each by name."""
        resources: dict[str, Document] = self._send("GET", f"{PATH}resources")
        return resources

    def advance_step_functions(self, seconds: float) -> None:
        """Let state machines see the time so many seconds ahead, as if that time had passed; 0 takes it back."""
        self._send("PUT", f"{PATH}ahead", seconds)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        answer = urllib3.request(method, f"{self._url}{path}", json=body, retries=False, timeout=_SECONDS)
        if answer.status != HTTPStatus.OK:
            raise ControlRefusedError(f"{method} {path}: {answer.status} {answer.data.decode()}")
        return answer.json()
