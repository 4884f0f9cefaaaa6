"""Collects the problems of several checks, so that one error reports them all."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self


@dataclass(slots=True)
class Rejections:
    """Checks inside a `with` statement, whose end raises one InvalidRequestError with the problems of all of them."""

    lines: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: TracebackType | None) -> None:
        if isinstance(error, InvalidRequestError):
            self.add(error)
        elif error is not None:
            return
        if self.lines:
            raise InvalidRequestError("\n".join(self.lines)) from None

    @contextmanager
    def later(self) -> Iterator[None]:
        """Keep the problems of a check until the end, so that further checks are made."""
        try:
            yield
        except InvalidRequestError as error:
            self.add(error)

    def add(self, error: InvalidRequestError) -> None:
        """Keep the problems of a check, except for fields in which an earlier check has found one."""
        said = {line.partition(": ")[0] for line in self.lines}
        self.lines += [line for line in str(error).splitlines() if line.partition(": ")[0] not in said]
