"""The current actor: the execution and the function of a thread of virtual time, or the step of the scenario."""

from __future__ import annotations

import threading


def current_actor() -> tuple[str, str]:
    """Return the name of the execution or the step that acts, and that of its function, which is empty for a step."""
    actor, _, function = threading.current_thread().name.rpartition("#")[0].partition("/")
    return actor, function
