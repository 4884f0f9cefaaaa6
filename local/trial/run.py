"""A trial from its beginning to its end, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.trial.acts import Acts
from local.trial.assumption import Row, compare
from local.trial.cleanup import clean_up
from local.trial.endpoint import during_update, endpoint_assumptions
from local.trial.events import Events
from local.trial.records import RECORDS, prepare_records
from local.trial.untried import UNTRIED
from local.trial.weights import change_weights, weight_assumptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.trial.site import Site


@dataclass(frozen=True)
class Report:
    """The findings of a trial.

    Attributes:
        rows: What was assumed beside what was seen.
        failure: Why the acts did not end as they should; empty if they did.
        left: What could not be removed.
    """

    rows: list[Row]
    failure: str
    left: list[str]

    @property
    def different(self) -> list[Row]:
        """The rows in which the account does otherwise than is assumed."""
        return [row for row in self.rows if row.verdict == "DIFFERENT"]

    def markdown(self) -> str:
        """Write the report as a document."""
        lines = [
            "# Trial on an account",
            "",
            f"The demo's acts: {self.failure or 'each ended as it should'}.",
            f"{len(self.different)} of {len(self.rows)} assumptions are different here.",
            "",
            "| about | assumed | seen | |",
            "|---|---|---|---|",
            *(f"| {' | '.join(_cell(text) for text in vars(row).values())} |" for row in [*self.rows, *UNTRIED]),
            "",
            *(f"- NOT REMOVED: {each}" for each in self.left),
        ]
        return "\n".join(lines).rstrip() + "\n"


def run_trial(site: Site, say: Callable[[str], None]) -> Report:
    """Run the acts and look at every assumption; whatever happens, remove what was made.

    Args:
        site: The account.
        say: Gets a line for each part that begins.
    """
    rows, failure = list[Row](), ""
    events = Events(site)
    try:
        say("Models, endpoint configs and refusals, which cost nothing")
        prepare_records(site)
        rows += [compare(site, assumption) for assumption in RECORDS]
        say("The demo's acts, each of which takes about ten minutes on AWS")
        acts = Acts(site, events)
        acts.run(during_update)
        change_weights(site)
        assumptions = [*endpoint_assumptions(acts, events), *weight_assumptions(events)]
        rows += [compare(site, assumption) for assumption in assumptions]
    except Exception as error:  # noqa: BLE001 - the report says so, and what was made is removed
        failure = site.plain(f"{type(error).__name__}: {error}")
    finally:
        say("Removing what the trial has made")
        left = clean_up(site)
        events.remove()
    return Report(rows, failure, left)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
