"""Which revision an endpoint serves: that of its endpoint config, or another one whose weights that has been given.

The deployer records that in the artifact bucket. Invariants that ask for a revision read the writes of this module;
those that ask which endpoint config SageMaker shows read the writes as they were.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulation.account_state import configs_of
from local.simulation.records import Write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from local.simulation.records import ObjectWrite

WEIGHTS_FUNCTIONS = frozenset({"UpdateWeights", "RestoreEndpoint"})
"""The functions that add to the record."""

BASE = "BaseConfigName"
"""The member of a mapped endpoint that names its endpoint config, as SageMaker shows it."""

_ENTRY = re.compile(r"revisions/(?P<endpoint>[^/]+)/(?P<base>[^/]+)/weights/(?P<number>\d+)")
_ATTACHING = frozenset({"CreateEndpoint", "UpdateEndpoint"})


def weight_entry(write: ObjectWrite) -> tuple[str, str, int] | None:
    """Return the endpoint, the endpoint config and the number of an entry in the record; None for other objects."""
    match = _ENTRY.fullmatch(write.key)
    return (match["endpoint"], match["base"], int(match["number"])) if match else None


def served_writes(writes: Iterable[Write], object_writes: Iterable[ObjectWrite]) -> list[Write]:
    """Return the writes with each endpoint on the revision that it serves, and one for each entry in the record."""
    # An entry counts from its own moment on; the endpoint is changed after it, or just before.
    order: list[tuple[float, int, Write | ObjectWrite]] = [(each.time, 0, each) for each in _entries(object_writes)]
    order += [(write.time, 1, write) for write in writes]
    served: dict[tuple[str, str], str] = {}
    raw: dict[str, Document | None] = {}
    mapped: dict[str, Document | None] = {}
    found: list[Write] = []
    for time, _, each in sorted(order, key=lambda item: item[:2]):
        if not isinstance(each, Write):
            endpoint, base, _ = weight_entry(each) or ("", "", 0)
            served[endpoint, base] = _revision(each)
            value = _mapped(endpoint, raw.get(endpoint), served)
            if value and value["EndpointConfigName"] != (mapped[endpoint] or {}).get("EndpointConfigName"):
                found.append(Write(time, each.actor, each.function, "endpoints", endpoint, value, mapped[endpoint]))
                mapped[endpoint] = value
        elif each.table != "endpoints":
            found.append(each)
        else:
            raw[each.name], value = each.value, _mapped(each.name, each.value, served)
            who = (each.time, each.actor, each.function)
            found.append(Write(*who, "endpoints", each.name, value, mapped.get(each.name)))
            mapped[each.name] = value
    return found


def _entries(object_writes: Iterable[ObjectWrite]) -> Iterator[ObjectWrite]:
    """Yield the entries in the record, but for those that a run has withdrawn because its change was refused."""
    by_base: dict[tuple[str, str], list[ObjectWrite]] = defaultdict(list)
    for each in object_writes:
        if each.content and (entry := weight_entry(each)):
            by_base[entry[:2]].append(each)
    for (_, base), entries in by_base.items():
        served, index = base, 0
        while index < len(entries):
            pair = entries[index : index + 2]
            is_own = len({(each.actor, each.function) for each in pair}) == 1 and pair[0].function == "UpdateWeights"
            if len(pair) > 1 and is_own and _revision(pair[1]) == served:
                index += 2
                continue
            served, index = _revision(pair[0]), index + 1
            yield pair[0]


def _revision(entry: ObjectWrite) -> str:
    return str(json.loads(entry.content or b"")["Revision"])


def _mapped(endpoint: str, record: Document | None, served: dict[tuple[str, str], str]) -> Document | None:
    if record is None or "EndpointConfigName" not in record:
        return record
    base = record["EndpointConfigName"]
    return {**record, "EndpointConfigName": served.get((endpoint, base), base), BASE: base}


def used_configs(endpoint: Document | None) -> set[str]:
    """Return the endpoint configs that a mapped endpoint needs: of what it serves, what it changes to, and its base."""
    return {*configs_of(endpoint), *([endpoint[BASE]] if endpoint and BASE in endpoint else [])}


def attached_by(write: Write) -> str:
    """Return the revision that a run begins to give an endpoint by a mapped write; empty for all other writes."""
    if write.table != "endpoints" or write.value is None:
        return ""
    if write.begins and write.function in _ATTACHING:
        return configs_of(write.value)[-1]
    # It may be recorded while another run's update is under way, which a replica does not show yet.
    is_changed = configs_of(write.before)[:1] != configs_of(write.value)[:1]
    return configs_of(write.value)[0] if write.function == "UpdateWeights" and is_changed else ""
