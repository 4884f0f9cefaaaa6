"""The functions' settings: an execution keeps those of its start, because the definition names published versions."""

from __future__ import annotations

import contextvars
import os
from collections.abc import MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_SETTINGS: contextvars.ContextVar[Mapping[str, str] | None] = contextvars.ContextVar("settings", default=None)
"""The settings of the execution that the current thread belongs to."""


class Deployment:
    """The deployed stack, as far as its functions' settings go.

    Args:
        settings: The environment variables that the stack gives its functions at first.

    Attributes:
        settings: Those that it gives them now.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.settings: Mapping[str, str] = dict(settings)

    def update(self, changed: Mapping[str, str]) -> None:
        """Change settings, for the executions that start from now on."""
        self.settings = {**self.settings, **changed}

    def run_published(self, start: Callable[[], None], settings: Mapping[str, str]) -> None:
        """Start, or redrive, an execution whose functions have these settings to its end.

        A thread of virtual time inherits its context from the thread that spawns it.
        """
        context = contextvars.copy_context()
        context.run(_SETTINGS.set, settings)
        context.run(start)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Make the functions read these settings instead of the process's environment variables."""
        with mock.patch.object(os, "environ", _Environment(os.environ, self)):
            yield


class _Environment(MutableMapping[str, str]):
    """Environment variables, of which those that are settings differ from thread to thread."""

    def __init__(self, process: MutableMapping[str, str], deployment: Deployment) -> None:
        self._process, self._deployment = process, deployment

    @property
    def _settings(self) -> Mapping[str, str]:
        return _SETTINGS.get() or self._deployment.settings

    def __getitem__(self, name: str) -> str:
        return self._settings[name] if name in self._settings else self._process[name]

    def __setitem__(self, name: str, value: str) -> None:
        self._process[name] = value

    def __delitem__(self, name: str) -> None:
        del self._process[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._process, **self._settings})

    def __len__(self) -> int:
        return len({**self._process, **self._settings})
