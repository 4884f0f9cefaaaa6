"""Fleets: the servers that answer for the variants of one endpoint config, and what becomes of their answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from local.simulator.errors import ServiceError
from local.simulator.model_server import ANSWER_SECONDS, Answer, BrokenModelError, ModelServer, not_answered

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from local.simulator.store import Store
    from local.simulator.variants import Document, Variants

_MODEL_DATA = "ModelDataUrl"
_ANY = "*"


class Server(Protocol):
    """Whatever answers for one variant."""

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Return what the container answers."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


@dataclass(frozen=True, slots=True)
class Echo:
    """Answers for a model whose data cannot be had: it tells which model and variant it is, in JSON.

    What the settings say of broken and slow models counts when it is asked, not when it starts.
    """

    store: Store
    model_name: str
    image: str
    variant: str

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Return the model's and the variant's name, and how much was sent; or what the settings say."""
        settings = self.store.settings
        seconds = self._said(settings.answer_seconds) or 0.0
        # Whoever calls holds no lock: others have their turns meanwhile.
        self.store.clock.sleep(min(seconds, ANSWER_SECONDS))
        if seconds > ANSWER_SECONDS:
            return not_answered()
        message = self._said(settings.broken_models)
        if message is not None:
            return Answer(500, "text/plain", message.encode())
        told = {"Model": self.model_name, "Variant": self.variant, "Bytes": len(body), "Accept": accept or content_type}
        return Answer(200, "application/json", json.dumps(told).encode())

    def stop(self) -> None:
        """There is nothing to end."""

    def _said(self, by_part: dict[str, Any]) -> Any:
        parts = (part for part in by_part if part == _ANY or part in self.model_name or part in self.image)
        return next((by_part[part] for part in parts), None)


@dataclass(eq=False)
class Fleet:
    """The servers of one endpoint config.

    A fleet that is ended goes on until the last invocation that it has begun to answer is answered.

    Attributes:
        variants: What it runs, with the weights of now.
        servers: By production variant; shadow variants answer nobody.
    """

    variants: Variants
    servers: dict[str, Server]
    _users: int = field(default=0, init=False)
    _is_ended: bool = field(default=False, init=False)

    def choose(self, target: str | None, random: Random, endpoint_name: str) -> str:
        """Return the variant that answers: the asked-for one, or one by the weights."""
        names = [*self.servers]
        if target is not None:
            if target not in self.servers:
                raise ServiceError("ValidationError", f"Variant {target} was not found for endpoint {endpoint_name}")
            return target
        weights = [self.variants.weights[name] for name in names]
        return random.choices(names, weights if any(weights) else None)[0]

    def hold(self) -> None:
        """Keep it from ending until it is let go."""
        self._users += 1

    def let_go(self) -> None:
        """Let it end, if it has been ended meanwhile."""
        self._users -= 1
        self._stop_if_done()

    def end(self) -> None:
        """End it as soon as nobody waits for its answer."""
        self._is_ended = True
        self._stop_if_done()

    def _stop_if_done(self) -> None:
        if self._is_ended and not self._users:
            for server in self.servers.values():
                server.stop()


@dataclass
class Traffic:
    """Who answers the invocations of one endpoint.

    Attributes:
        live: The fleet of the attached config.
        new: The fleet that takes over.
        share: The part of the invocations that the new one answers.
    """

    live: Fleet | None = None
    new: Fleet | None = None
    share: float = 0.0

    def choose(self, random: Random) -> Fleet | None:
        """Return the fleet that answers the next invocation; None if there is none."""
        if self.new is None or not self.share:
            return self.live
        if self.live is None or self.share >= 1:
            return self.new
        return self.new if random.random() < self.share else self.live

    def switch(self) -> None:
        """Let the new fleet be the live one, and end the old one."""
        old, self.live, self.new, self.share = self.live, self.new, None, 0.0
        if old:
            old.end()

    def go_back(self) -> None:
        """Let the live fleet answer everything, and end the new one."""
        new, self.new, self.share = self.new, None, 0.0
        if new:
            new.end()

    def end(self) -> None:
        """End both fleets."""
        self.go_back()
        if self.live:
            self.live.end()
        self.live = None


class Provisioner:
    """Starts fleets.

    Args:
        store: The account.
        objects: Reads an S3 object on behalf of an execution role; without it models only echo.
    """

    def __init__(self, store: Store, objects: Callable[[str, str, str], bytes] | None) -> None:
        self._store = store
        self._objects = objects

    def start(self, variants: Variants) -> Fleet:
        """Start the servers of the production variants.

        Raises:
            BrokenModelError: One of them cannot run.
        """
        fleet = Fleet(variants, {})
        try:
            for variant in variants.config.get("ProductionVariants", []):
                fleet.servers[variant["VariantName"]] = self._server(variant)
        except BrokenModelError:
            fleet.end()
            raise
        return fleet

    def _server(self, variant: Document) -> Server:
        name = variant.get("ModelName", "")
        model = self._store.models.current(name)
        if model is None:
            raise BrokenModelError(f"Could not find model {name}.")
        container = model.get("PrimaryContainer") or (model.get("Containers") or [{}])[0]
        uri = container.get(_MODEL_DATA, "")
        if self._objects is None or not uri.startswith("s3://"):
            return Echo(self._store, name, container.get("Image", ""), variant["VariantName"])
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            archive = self._objects(bucket, key, model["ExecutionRoleArn"])
        except ServiceError as error:
            raise BrokenModelError(error.message) from error
        return ModelServer(archive, uri, variant["VariantName"])
