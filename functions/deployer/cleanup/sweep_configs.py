"""The sweep of endpoint configs: of each endpoint the newest deployed revisions stay, and what any endpoint has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.cleanup.ownership import stem_of
from deployer.cleanup.sweep_state import Kind
from deployer.tags import DEPLOYED, STACK_TAG, STATE_TAG

if TYPE_CHECKING:
    from deployer.cleanup.sweep import Sweep


def sweep_configs(sweep: Sweep) -> bool:
    """Remove the endpoint configs that are unused; return False if the time is over before all were looked at."""
    cursor = sweep.cursor
    for stem, names in sorted(sweep.account.revisions.items()):
        for name in names:
            if cursor.after and not _comes_after(stem, name, cursor.after):
                continue
            if sweep.is_over:
                return False
            if stem != stem_of(cursor.after):
                cursor.deployed = 0
            _sweep_config(sweep, stem, name)
            cursor.after = name
    return True


def _comes_after(stem: str, name: str, other: str) -> bool:
    """Tell whether a revision comes after another one in the order of the sweep: by stem, then from new to old."""
    other_stem = stem_of(other) or ""
    return stem > other_stem or (stem == other_stem and name < other)


def _sweep_config(sweep: Sweep, stem: str, name: str) -> None:
    listed, rules = sweep.account.configs[name], sweep.rules
    may_be_retained = stem in sweep.account.stems and sweep.cursor.deployed < rules.retained
    if not may_be_retained and listed["CreationTime"] >= rules.cutoff:
        return
    tags = sweep.account.tags_of(listed["EndpointConfigArn"])
    if may_be_retained and tags.get(STATE_TAG) == DEPLOYED and tags.get(STACK_TAG) == rules.stack:
        sweep.cursor.deployed += 1
    elif sweep.is_unused(listed, tags) and not sweep.account.is_attached(name):
        sweep.remove(Kind.ENDPOINT_CONFIGS, name, lambda: sweep.account.delete_config(name))
