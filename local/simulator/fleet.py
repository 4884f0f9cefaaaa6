"""Fleets of instances, and how invocations are shared among them.

Sources: API Reference, ProductionVariant (the share of a variant is its weight over the sum of all) and
InvokeEndpoint (TargetVariant overrides the weights); Developer Guide, "Multi-model endpoints" (a model is loaded when
it is first asked for).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.simulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from local.simulator.loading import Loader, Server
    from local.simulator.variants import Variants


@dataclass(frozen=True, eq=False)
class Instance:
    """An instance of a variant.

    Attributes:
        digest: What it has loaded; see `local.simulator.loading.Loaded`.
        server: What answers. Instances of a variant that have loaded the same share it.
    """

    digest: str
    server: Server


@dataclass(eq=False)
class Fleet:
    """The instances of one endpoint config.

    A fleet that is ended goes on until the last invocation that it has begun to answer is answered.

    Attributes:
        endpoint: The endpoint's name.
        variants: What it runs, with the weights of now.
        instances: By production variant; shadow variants answer nobody. What is serverless counts as one.
        targets: What answers for models of multi-model containers that were asked for, by variant and model.
    """

    endpoint: str
    variants: Variants
    loader: Loader
    instances: dict[str, list[Instance]] = field(default_factory=dict)
    targets: dict[tuple[str, str], Server] = field(default_factory=dict)
    _users: int = field(default=0, init=False)
    _is_ended: bool = field(default=False, init=False)
    _retired: list[Server] = field(default_factory=list, init=False)

    def resize(self, counts: Mapping[str, int], part: float = 1.0) -> None:
        """Bring variants to a number of instances; each new one loads what its model's URL holds now.

        Source: Developer Guide, "Use Amazon SageMaker AI hosting".

        Args:
            counts: The whole number, by variant; one that is missing has one instance.
            part: The part of it that is to be there.

        Raises:
            BrokenModelError: A new instance does not come up; those that did stay.
        """
        for variant in self.variants.config.get("ProductionVariants", []):
            name = variant["VariantName"]
            instances = self.instances.setdefault(name, [])
            wanted = math.ceil(counts.get(name, 1) * part - 1e-9)
            if wanted > len(instances):
                loaded = self.loader.load(variant)
                same = next((each for each in instances if each.digest == loaded.digest), None)
                server = same.server if same else self.loader.serve(loaded, self.endpoint, name)
                instances += [Instance(loaded.digest, server)] * (wanted - len(instances))
            self._retired += [each.server for each in instances[wanted:]]
            del instances[wanted:]
        self._stop_if_done()

    def choose(self, target: str | None, random: Random, endpoint_name: str) -> str:
        """Return the variant that answers: the asked-for one, or one by the weights.

        Source: API Reference, ProductionVariant, InvokeEndpoint (TargetVariant). Assumed: the words (trial:
        "InvokeEndpoint of a variant of nothing").
        """
        names = [*self.instances]
        if target is not None:
            if target not in self.instances:
                raise ServiceError("ValidationError", f"Variant {target} was not found for endpoint {endpoint_name}")
            return target
        weights = [self.variants.weights[name] for name in names]
        return random.choices(names, weights if any(weights) else None)[0]

    def server_of(self, variant: str, random: Random) -> Server | None:
        """Return what answers for a variant: that of one of its instances; None if it has none.

        Source: API Reference, ProductionVariantRoutingConfig (RANDOM).
        """
        servers = [each.server for each in self.instances[variant]]
        if not servers:
            return None
        return random.choice(servers) if any(server is not servers[0] for server in servers) else servers[0]

    def server_of_target(self, variant: str, target: str) -> Server:
        """Return what answers for one model of a multi-model container; it is loaded when it is first asked for.

        Source: Developer Guide, "Multi-model endpoints".

        Raises:
            BrokenModelError: It cannot be loaded.
        """
        if (variant, target) not in self.targets:
            wanted = next(each for each in self.variants.config["ProductionVariants"] if each["VariantName"] == variant)
            loaded = self.loader.load_target(wanted, target)
            self.targets[variant, target] = self.loader.serve(loaded, self.endpoint, variant)
        return self.targets[variant, target]

    def hold(self) -> None:
        """Keep it from ending until it is let go."""
        self._users += 1

    def let_go(self) -> None:
        """Let it end, if it has been ended meanwhile."""
        self._users -= 1
        self._stop_if_done()

    def end(self) -> None:
        """End it as soon as nobody waits for its answer.

        Source: API Reference, UpdateEndpoint (there is no availability loss).
        """
        self._is_ended = True
        self._stop_if_done()

    def _stop_if_done(self) -> None:
        if self._users:
            return
        running = [each.server for instances in self.instances.values() for each in instances]
        running += self.targets.values()
        ended = [*self._retired, *running] if self._is_ended else self._retired
        kept = [] if self._is_ended else running
        for server in ended:
            if not any(server is each for each in kept):
                server.stop()
        self._retired.clear()


@dataclass
class Traffic:
    """The instances that answer the invocations of one endpoint.

    Attributes:
        live: The fleet of the attached config.
        new: The fleet that takes over.
        components: What answers for the inference components of the endpoint, by name.
        share: The part of the invocations that the new one answers.
    """

    live: Fleet | None = None
    new: Fleet | None = None
    share: float = 0.0
    components: dict[str, Server] = field(default_factory=dict)

    def choose(self, random: Random) -> Fleet | None:
        """Return the fleet that answers the next invocation; None if there is none.

        Source: Developer Guide, "Blue/Green Deployments".
        """
        if self.new is None or not self.share:
            return self.live
        if self.live is None or self.share >= 1:
            return self.new
        return self.new if random.random() < self.share else self.live

    def switch(self) -> None:
        """Let the new fleet be the live one, and end the old one. Source: API Reference, UpdateEndpoint."""
        old, self.live, self.new, self.share = self.live, self.new, None, 0.0
        if old:
            old.end()

    def revert(self) -> None:
        """Let the live fleet answer everything, and end the new one.

        Source: Developer Guide, "Auto-Rollback Configuration and Monitoring".
        """
        new, self.new, self.share = self.new, None, 0.0
        if new:
            new.end()

    def end(self) -> None:
        """End both fleets, and what runs on them. Source: API Reference, DeleteEndpoint."""
        self.revert()
        for server in self.components.values():
            server.stop()
        self.components.clear()
        if self.live:
            self.live.end()
        self.live = None
