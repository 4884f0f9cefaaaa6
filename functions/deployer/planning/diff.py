"""The difference between the live and the wanted configuration, field by field, without secrets. Pure.

The command line has this very module, too, so it imports nothing of the deployer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


COMPARED = ("Models", "EndpointConfig", "Scaling", "Tags")
"""The parts of a request that say what a revision is."""

HIDDEN = "(hidden)"
"""Replaces a value that may be a secret."""

_ABSENT = object()
_LONGEST_VALUE = 300
_NAMES_OF_ELEMENTS = ("VariantName", "AlarmName", "Key", "ContainerHostname", "PolicyName", "ScheduledActionName")
"""Fields that name the elements of a list; elements of other lists are known by their place."""

_SERVICE_DEFAULTS: Mapping[str, Any] = {
    "EnableNetworkIsolation": False,
    "InitialVariantWeight": 1.0,
    "Mode": "SingleModel",
}
"""Defaults that SageMaker fills in (SageMaker API Reference, DescribeModel, ProductionVariant)."""

_SECRET_NAME = re.compile(r"secret|passw|token|credential|api_?key|private_?key|access_?key", re.IGNORECASE)
_SECRET_VALUE = re.compile(
    r"(AKIA|ASIA)[0-9A-Z]{16}|-----BEGIN|\beyJ[\w-]+\.[\w-]+\.|\b(gh[pousr]|hf|xox[abpr]|sk)[_-]\w{16}|//[^/\s:@]+:[^/\s@]+@"
)
"""Access keys of AWS, PEM files, JSON web tokens, tokens of well-known services, and URLs with a password."""


def differences(live: object, wanted: object, path: str = "") -> Iterator[dict[str, Any]]:
    """Yield the fields in which two JSON documents differ, in the order of the wanted one.

    Each has its `Path`, such as `EndpointConfig.ProductionVariants[AllTraffic].InstanceType`, and what it is `Before`
    and `After`; the one or the other is missing if the field is added or removed. What may be a secret is hidden, and
    what is long is cut. Members that SageMaker describes and nobody requested are no difference.
    """
    kinds = {type(each) for each in (live, wanted) if each is not _ABSENT}
    if kinds == {dict}:
        yield from _between_members(_members(live), _members(wanted), path)
    elif kinds == {list}:
        for key, before, after in _pairs(_elements(live), _elements(wanted)):
            yield from differences(before, after, f"{path}[{key}]")
    elif len(kinds) > 1 and kinds & {dict, list}:
        yield from differences(live, _ABSENT, path)
        yield from differences(_ABSENT, wanted, path)
    elif live != wanted:
        sides = {"Before": live, "After": wanted}
        yield {"Path": path, **{side: _shown(path, value) for side, value in sides.items() if value is not _ABSENT}}


def _between_members(live: dict[str, Any], wanted: dict[str, Any], path: str) -> Iterator[dict[str, Any]]:
    for key, before, after in _pairs(live, wanted):
        given = after if before is _ABSENT else before
        is_one_sided = before is _ABSENT or after is _ABSENT
        if not (is_one_sided and key in _SERVICE_DEFAULTS and given == _SERVICE_DEFAULTS[key]):
            yield from differences(before, after, f"{path}.{key}" if path else key)


def _pairs(live: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys([*wanted, *live]):
        yield key, live.get(key, _ABSENT), wanted.get(key, _ABSENT)


def _members(value: object) -> dict[str, Any]:
    return {key: member for key, member in value.items() if member is not None} if isinstance(value, dict) else {}


def _elements(value: object) -> dict[str, Any]:
    """Return the elements of a list by their names, or else by their places."""
    elements = value if isinstance(value, list) else []
    return {_name_of(element, str(place)): element for place, element in enumerate(elements)}


def _name_of(element: object, place: str) -> str:
    named = element if isinstance(element, dict) else {}
    return next((str(named[field]) for field in _NAMES_OF_ELEMENTS if named.get(field)), place)


def _shown(path: str, value: object) -> object:
    """Return a value with secrets hidden, and cut to a length."""
    parts = path.split(".")
    if "Environment" in parts or _SECRET_NAME.search(parts[-1]):
        return HIDDEN
    if not isinstance(value, str):
        return value
    if _SECRET_VALUE.search(value):
        return HIDDEN
    return f"{value[:_LONGEST_VALUE]}…" if len(value) > _LONGEST_VALUE else value
