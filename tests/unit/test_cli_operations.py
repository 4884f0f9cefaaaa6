"""The text of the operations guide, as `explain` prints it."""

from __future__ import annotations

import pytest

from deployer import errors
from deployer.outcome import Outcome
from endpoint_deployer.operations import meaning_of


def leaves(kind: type[Exception]) -> list[type[Exception]]:
    """Return the errors below one that have none below them, as far as an execution can end with them."""
    # Adapters have errors of their own, which they handle.
    below = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    return [leaf for each in below for leaf in leaves(each)] if below else [kind]


@pytest.mark.parametrize("error", leaves(errors.DeployerError), ids=lambda error: error.__name__)
def test_every_error_has_a_meaning_and_a_remedy(error: type[Exception]) -> None:
    meaning = meaning_of(error.__name__)

    assert meaning["what it means"]
    assert any(heading.startswith("what to do") and text for heading, text in meaning.items())


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_meaning(outcome: Outcome) -> None:
    assert {"what it means", "what to do"} <= meaning_of(outcome).keys()


def test_meaning_is_plain_text() -> None:
    assert "See Allowing." in meaning_of("InvalidRequestError")["what to do"].replace("see", "See")
    assert meaning_of("NoSuchError") == {}
