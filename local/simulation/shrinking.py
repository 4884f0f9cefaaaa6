"""The smallest story that still breaks a promise: parts are left out one by one for as long as it does."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from local.simulation.story import Ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.simulation.story import Story


_MOST_PLAYS = 150
_MOST_SECONDS = 120.0


def shrink(story: Story, is_broken: Callable[[Story], bool]) -> Story:
    """Return the smallest story found that is still broken.

    Args:
        story: One that is broken.
        is_broken: Plays a story, and tells. It gets 150 plays, and no more after two minutes.
    """
    plays, began = 0, time.monotonic()
    while True:
        for smaller in _smaller(story):
            plays += 1
            if plays > _MOST_PLAYS or time.monotonic() - began > _MOST_SECONDS:
                return story
            if is_broken(smaller):
                story = smaller
                break
        else:
            return story


def _smaller(story: Story) -> Iterator[Story]:
    """Yield stories that lack something: half of the parts, one of them, or one copy of an event."""
    parts = story.parts
    if len(parts) > 3:  # noqa: PLR2004 - below that, halves are hardly larger than one
        half = len(parts) // 2
        yield story.only(parts[:half])
        yield story.only(parts[half:])
    for index in range(len(parts)):
        yield story.only((*parts[:index], *parts[index + 1 :]))
    for index, step in enumerate(story.steps):
        if isinstance(step, Ask) and len(step.deliveries) > 1:
            for copy in range(len(step.deliveries)):
                fewer = replace(step, deliveries=(*step.deliveries[:copy], *step.deliveries[copy + 1 :]))
                yield replace(story, steps=(*story.steps[:index], fewer, *story.steps[index + 1 :]))
