"""Stories that are not left to chance: meetings of executions that random ones seldom have."""

from __future__ import annotations

from local.simulation.spells import MOST_LAG
from local.simulation.story import Event, Manual, Spell, Step, Story
from local.simulator import Fault, Settings
from tests.machine.factories import ANSWERS, request

ENVIRONMENT = {"POLL_INTERVAL_SECONDS": "30", "DEPLOYMENT_TIMEOUT_SECONDS": "7200"}
_CALM = Settings()
_NO_INSTANCES = Fault("CreateEndpoint", "rejected", code="ResourceLimitExceeded", message="The limit is 0 Instances.")


def story(
    seed: int, *steps: Step, spells: tuple[Spell, ...] = (), settings: Settings = _CALM, retained: int = 3
) -> Story:
    """Tell a story; its seed decides who lags."""
    environment = {**ENVIRONMENT, "RETAINED_REVISIONS": str(retained)}
    return Story(seed=seed, environment=environment, settings=settings, steps=steps, spells=spells)


def a_late_event_between_two_equal_ones(seed: int) -> Story:
    """Content is live, and asked for again; an event from between the two arrives after that."""
    return story(
        seed,
        Event(name="first", at=0.0, endpoint="churn", detail=request("a")),
        Event(name="between", at=600.0, endpoint="churn", detail=request("b"), deliveries=(1400.0,)),
        Event(name="again", at=1200.0, endpoint="churn", detail=request("a")),
    )


def one_that_is_taken_back(seed: int) -> Story:
    """What serves is changed to what cannot answer, and the smoke test finds out."""
    return story(
        seed,
        Manual(name="first", at=0.0, endpoint="churn", document=request("a")),
        Manual(name="second", at=900.0, endpoint="churn", document=request("bad", SmokeTest=ANSWERS), is_broken=True),
        settings=Settings(lag=MOST_LAG, broken_models={"bad": "cannot predict"}),
    )


def one_that_is_taken_back_superseded_another(seed: int) -> Story:
    """The endpoint is just made when a newer run changes it, is seen to be live, and fails its smoke test."""
    return story(
        seed,
        Manual(name="first", at=0.0, endpoint="churn", document=request("a")),
        Manual(name="newer", at=597.0, endpoint="churn", document=request("bad", SmokeTest=ANSWERS), is_broken=True),
        settings=Settings(create_seconds=595.0, update_seconds=75.0, broken_models={"bad": "cannot predict"}),
    )


def one_whose_model_loses_its_revision(seed: int) -> Story:
    """Old content is asked for again and superseded at once, while the newer run retires the revision that had it."""
    return story(
        seed,
        Manual(name="first", at=0.0, endpoint="churn", document=request("a")),
        Manual(name="second", at=10_000.0, endpoint="churn", document=request("b")),
        Manual(name="again", at=20_000.0, endpoint="churn", document=request("a")),
        Manual(name="newer", at=20_001.0, endpoint="churn", document=request("c")),
        retained=2,
    )


def two_on_one_model(seed: int, later: float = 0.5) -> Story:
    """Two revisions of one model are made beside each other, and whichever comes so far first cannot be deployed."""
    return story(
        seed,
        Manual(name="growth", at=0.0, endpoint="churn", document=request("a", Tags={"team": "growth"})),
        Manual(name="risk", at=later, endpoint="churn", document=request("a", Tags={"team": "risk"})),
        spells=(Spell(name="no instances", start=0.0, end=3600.0, faults=(_NO_INSTANCES,)),),
        settings=Settings(lag=MOST_LAG),
    )


def one_while_another_is_undone(seed: int) -> Story:
    """The second of two comes just before the first is taken back, so that neither sees the other."""
    return two_on_one_model(seed, later=100.0)
