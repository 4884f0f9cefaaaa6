"""Model loading: each instance loads the object that the model's URL names when the instance comes up.

Sources: API Reference, ContainerDefinition and S3ModelDataSource; reasons of failures from mlflow/mlflow, issue 2573,
and the other public reports that `errors` names.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from local.json_document import Document
from local.simulator.errors import ServiceError
from local.simulator.model_rules import is_multi_model
from local.simulator.model_server import ANSWER_SECONDS, Answer, BrokenModelError, ModelServer, not_answered
from local.simulator.variants import containers

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulator.store import Store

_ANY = "*"
_SHOWN_BYTES = 64


def setting_of(by_part: Document, model_name: str, image: str) -> Any:
    """Return what the settings say of a model by a part of its name or image; None if they do not."""
    return next((by_part[part] for part in by_part if part == _ANY or part in model_name or part in image), None)


class Storage(Protocol):
    """S3, as SageMaker reads it on behalf of an execution role; each method raises ServiceError."""

    def read(self, bucket: str, key: str, role: str) -> bytes:
        """Return an object."""
        ...

    def list_keys(self, bucket: str, prefix: str, role: str) -> list[str]:
        """Return the keys below a prefix."""
        ...

    def write(self, bucket: str, key: str, body: bytes, role: str) -> None:
        """Write an object."""
        ...


class Server(Protocol):
    """Whatever answers for one variant."""

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Return what the container answers."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model as one instance has loaded it.

    Attributes:
        model_name: The model.
        image: Its image.
        uri: Where its data come from; empty if it has none.
        archive: The data, if they are one object.
        digest: The SHA-256 of the data, in hexadecimal; of a prefix that of its keys and objects. Empty without data.
        target_model: Which of the models of a multi-model container it is; empty elsewhere.
    """

    model_name: str
    image: str
    uri: str = ""
    archive: bytes = b""
    digest: str = ""
    target_model: str = ""


@dataclass(frozen=True, slots=True)
class Echo:
    """Answers for a model that does not really run: each answer names model, variant and data, in JSON.

    What the settings say of broken and slow models counts when it is asked, not when it starts.
    """

    store: Store
    loaded: Loaded
    variant: str

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Return the model, the variant, the digest and first bytes of its data, and what was sent; or a failure."""
        settings = self.store.settings
        seconds = self._set_for_model(settings.answer_seconds) or 0.0
        # The caller holds no lock, so other threads run meanwhile.
        self.store.clock.sleep(min(seconds, ANSWER_SECONDS))
        if seconds > ANSWER_SECONDS:
            return not_answered()
        message = self._set_for_model(settings.broken_models)
        if message is not None:
            return Answer(500, "text/plain", message.encode())
        answer = {
            "Model": self.loaded.model_name,
            "Variant": self.variant,
            "Bytes": len(body),
            "Accept": accept or content_type,
            "Artifact": self.loaded.digest,
            "Content": self.loaded.archive[:_SHOWN_BYTES].decode(errors="replace"),
        }
        if self.loaded.target_model:
            answer["TargetModel"] = self.loaded.target_model
        return Answer(200, "application/json", json.dumps(answer).encode())

    def stop(self) -> None:
        """There is nothing to end."""

    def _set_for_model(self, by_part: Document) -> Any:
        return setting_of(by_part, self.loaded.model_name, self.loaded.image)


class Loader:
    """Loads models, and starts what answers for them.

    Args:
        store: The account.
        storage: S3; without it nothing is loaded.
        write_log: Takes the lines that models print, with the endpoint and the log stream.
        runs_models: Whether a model of one object really runs; otherwise it echoes.
    """

    def __init__(
        self,
        store: Store,
        storage: Storage | None,
        write_log: Callable[[str, str, str], None] | None = None,
        *,
        runs_models: bool,
    ) -> None:
        self._store, self._storage, self._write_log, self._runs_models = store, storage, write_log, runs_models

    def load(self, variant: Document) -> Loaded:
        """Load the model of a variant, as it is in S3 now.

        Source: API Reference, ContainerDefinition; Developer Guide, "Use Amazon SageMaker AI hosting".

        Raises:
            BrokenModelError: The model or its data are gone, or its role cannot read them.
        """
        if "ModelName" not in variant:
            return Loaded("", "")  # the instances of an endpoint of inference components
        name = variant["ModelName"]
        model = self._store.models.current(name)
        if model is None:
            raise BrokenModelError(f"Could not find model {name}.")
        image = next((each.get("Image", "") for each in containers(model)), "")
        role = model.get("ExecutionRoleArn", "")
        found = [uri for container in containers(model) if (uri := _uri_of(container)).startswith("s3://")]
        # A multi-model container loads a model when it is first asked for it.
        if self._storage is None or not found or is_multi_model(model):
            return Loaded(name, image)
        contents = [self._content(uri, role, number) for number, uri in enumerate(found, start=1)]
        digests = [hashlib.sha256(content).hexdigest() for content in contents]
        digest = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
        return Loaded(name, image, found[0], contents[0], digest)

    def load_target(self, variant: Document, target: str) -> Loaded:
        """Load one of the models of a multi-model container.

        Source: Developer Guide, "Multi-model endpoints".

        Raises:
            BrokenModelError: It is not there, or its role cannot read it.
        """
        name = variant["ModelName"]
        model = self._store.models.current(name) or {}
        container: Document = next((each for each in containers(model) if each.get("Mode") == "MultiModel"), {})
        image, folder = container.get("Image", ""), _uri_of(container)
        if self._storage is None or not folder:
            return Loaded(name, image, target_model=target)
        uri = f"{folder.rstrip('/')}/{target.lstrip('/')}"
        content = self._content(uri, model.get("ExecutionRoleArn", ""), 1)
        return Loaded(name, image, uri, content, hashlib.sha256(content).hexdigest(), target)

    def serve(self, loaded: Loaded, endpoint: str, variant: str) -> Server:
        """Start what answers for a variant of an endpoint.

        Raises:
            BrokenModelError: The model cannot run.
        """
        if self._runs_models and loaded.uri and not loaded.uri.endswith("/"):
            return ModelServer(loaded.archive, loaded.uri, variant, self._log_of_instance(endpoint, variant))
        return Echo(self._store, loaded, variant)

    def _log_of_instance(self, endpoint: str, variant: str) -> Callable[[str], None] | None:
        """Return what takes the lines of a new instance, whose stream is named as SageMaker names it."""
        write = self._write_log
        stream = f"{variant}/i-{uuid4().hex[:17]}"
        return None if write is None else lambda line: write(endpoint, stream, line)

    def _content(self, uri: str, role: str, number: int) -> bytes:
        """Read the data of a model. Source: mlflow/mlflow, issue 2573; API Reference, S3ModelDataSource."""
        storage = self._storage
        if storage is None:
            return b""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            if not key.endswith("/"):
                return storage.read(bucket, key, role)
            keys = storage.list_keys(bucket, key, role)
            read = [each.encode() + b"\0" + storage.read(bucket, each, role) for each in keys]
        except ServiceError as error:
            read = []
            cause: Exception | None = error
        else:
            cause = None
        if not read:
            # The words of a FailureReason; CreateModel has others for the same.
            raise BrokenModelError(
                f'Failed to download model data for container "container_{number}" from URL: "{uri}". Please ensure '
                "that there is an object located at the URL and that the role passed to CreateModel has permissions "
                "to download the object."
            ) from cause
        return b"\0".join(read)


def _uri_of(container: Document) -> str:
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    return str(container.get("ModelDataUrl") or source.get("S3Uri") or "")
