"""What mutations are made of: the deployer broken on purpose, in one way each, for the fault campaign to notice."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from deployer.planning import as_planned, choose
from deployer.planning.decisions import decide
from local.simulation.generator import make_scenario
from local.virtual_time import machine

if TYPE_CHECKING:
    from types import ModuleType

    from deployer.planning.plan import Action
    from local.simulation.scenario import Scenario

Breakage = Callable[[pytest.MonkeyPatch], None]
Definition = Document


@dataclass(frozen=True)
class Mutation:
    """One way in which the deployer is broken.

    Attributes:
        apply: Breaks it; its docstring says what the deployer does then.
        invariant: The invariant that the campaign finds violated.
        seed: Of the first scenario that may notice; a few more follow.
        make: Makes the scenario of a seed.
    """

    apply: Breakage
    invariant: str
    seed: int
    make: Callable[[int], Scenario] = make_scenario

    @property
    def what(self) -> str:
        """What the broken deployer does, as the predicate of a sentence."""
        text = str(self.apply.__doc__).rstrip(".")
        return text[0].lower() + text[1:]


def breaks(
    invariant: str, *, seed: int, make: Callable[[int], Scenario] = make_scenario
) -> Callable[[Breakage], Mutation]:
    """Make a mutation of a function that breaks the deployer, so that an invariant is violated."""
    return lambda apply: Mutation(apply, invariant, seed, make)


def mutations_of(module: ModuleType) -> list[Mutation]:
    """Return the mutations of a module, in their order."""
    return [member for member in vars(module).values() if isinstance(member, Mutation)]


def redefine(patch: pytest.MonkeyPatch, change: Callable[[Definition], object]) -> None:
    """Change the definition of the state machine that deploys."""
    parse = machine._parse

    def changed(text: str) -> Definition:
        definition: Definition = copy.deepcopy(parse(text))
        if "PlanDeployment" in definition["States"]:
            change(definition)
        return definition

    patch.setattr(machine, "_parse", changed)


def retriers(definition: Definition) -> list[Definition]:
    """Return all retriers of a definition."""
    return [retrier for state in definition["States"].values() for retrier in state.get("Retry", [])]


def decide_by(patch: pytest.MonkeyPatch, replace: Callable[[Action], Action]) -> None:
    """Let planning decide otherwise, and the check before an update."""
    for module in (choose, as_planned):
        patch.setattr(module, "decide", lambda *given, **options: replace(decide(*given, **options)))


def around(patch: pytest.MonkeyPatch, owner: object, name: str, outer: Callable[..., Any]) -> None:
    """Put a function around another one, or a method, which it gets as its first argument."""
    inner = getattr(owner, name)
    patch.setattr(owner, name, lambda *given, **options: outer(inner, *given, **options))
