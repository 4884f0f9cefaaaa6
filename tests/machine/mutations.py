"""What mutations are made with: the deployer broken on purpose, in one way each, for the fault campaign to notice."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import update_endpoint
from deployer.planning import drafting
from deployer.planning.plan import Action, decide
from local.simulation.generator import make_story
from local.virtual_time import machine

if TYPE_CHECKING:
    from types import ModuleType

    from local.simulation.story import Story

Breakage = Callable[[pytest.MonkeyPatch], None]
Definition = dict[str, Any]


@dataclass(frozen=True)
class Mutation:
    """One way in which the deployer is broken.

    Attributes:
        apply: Breaks it; its docstring says what the deployer does then.
        promise: The promise that the campaign finds broken.
        seed: Of the first story that may notice; a few more follow.
        tell: Makes a story of a seed.
    """

    apply: Breakage
    promise: str
    seed: int
    tell: Callable[[int], Story] = make_story

    @property
    def what(self) -> str:
        """What the deployer does, to be read after its name."""
        told = str(self.apply.__doc__).rstrip(".")
        return told[0].lower() + told[1:]


def breaks(promise: str, *, seed: int, tell: Callable[[int], Story] = make_story) -> Callable[[Breakage], Mutation]:
    """Make a mutation of a function that breaks the deployer, so that a promise is broken."""
    return lambda apply: Mutation(apply, promise, seed, tell)


def mutations_of(module: ModuleType) -> list[Mutation]:
    """Return the mutations of a module, in their order."""
    return [member for member in vars(module).values() if isinstance(member, Mutation)]


def redefine(patch: pytest.MonkeyPatch, change: Callable[[Definition], object]) -> None:
    """Change the definition of the state machine."""
    definition = copy.deepcopy(machine._parse(machine.DEFINITION.read_text(encoding="utf-8")))
    change(definition)
    patch.setattr(machine, "_parse", lambda _: definition)


def retriers(definition: Definition) -> list[Definition]:
    """Return all retriers of a definition."""
    return [retrier for state in definition["States"].values() for retrier in state.get("Retry", [])]


def decide_by(patch: pytest.MonkeyPatch, instead: Callable[[Action], Action]) -> None:
    """Let planning and UpdateEndpoint decide otherwise."""
    for module in (drafting, update_endpoint):
        patch.setattr(module, "decide", lambda *given: instead(decide(*given)))


def around(patch: pytest.MonkeyPatch, owner: object, name: str, outer: Callable[..., Any]) -> None:
    """Put something around a function or a method, which it gets as its first argument."""
    inner = getattr(owner, name)
    patch.setattr(owner, name, lambda *given, **options: outer(inner, *given, **options))
