"""Assumptions about AWS, and the observations of a trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.trial.site import Site


@dataclass(frozen=True)
class Assumption:
    """Something that the simulator takes for granted, and that a caller can see.

    Attributes:
        about: What it is about, in a few words.
        assumed: What the simulator does.
        look: Returns what the account does.
        is_measured: Whether what is seen is a figure, which need not be the same.
    """

    about: str
    assumed: str
    look: Callable[[Site], str]
    is_measured: bool = False


@dataclass(frozen=True)
class Row:
    """A line of the report.

    Attributes:
        about: What it is about.
        assumed: What was assumed.
        seen: What was seen.
        verdict: `as assumed`, `DIFFERENT`, `measured`, or `not tried` with the reason.
    """

    about: str
    assumed: str
    seen: str
    verdict: str


def compare(site: Site, assumption: Assumption) -> Row:
    """Look, and set what is seen beside what is assumed; a look that fails is seen as its error."""
    try:
        seen = assumption.look(site)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what was seen
        seen = site.plain(f"{type(error).__name__}: {error}")
    is_right = seen == assumption.assumed
    verdict = "measured" if assumption.is_measured else "as assumed" if is_right else "DIFFERENT"
    return Row(assumption.about, assumption.assumed, seen, verdict)
