"""The sweep of models: those that no endpoint config of the account names.

Models that may be unused are collected first, by looks at the revisions of their own endpoint: these name nearly all
that are in use. All other configs of the account are described for the rest only.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from deployer import clock
from deployer.cleanup.in_use import CLOCK_SKEW
from deployer.cleanup.ownership import EndpointNames, may_be_own_model
from deployer.cleanup.sweep_state import Kind

if TYPE_CHECKING:
    from datetime import datetime

    from deployer.cleanup.sweep import Sweep

MOST_CANDIDATES = 200
"""Models that one pass over the account's endpoint configs is made for; they are part of the execution's data."""

_MOST_OWN_REVISIONS = 100
"""Revisions of a model's own endpoint that are described at once, which cannot be interrupted."""


def sweep_models(sweep: Sweep) -> bool:
    """Remove the models that are unused; return False if the time is over before all were looked at."""
    while True:
        if sweep.cursor.since is None:
            if not _collect_candidates(sweep):
                return False
            sweep.cursor.since = clock.now()
        if not (_check_candidates(sweep) and _remove_candidates(sweep, sweep.cursor.since)):
            return False
        is_last = not any(name > sweep.cursor.after for name in sweep.account.models)
        sweep.cursor.end_check()
        if is_last:
            return True


def _collect_candidates(sweep: Sweep) -> bool:
    """Find models that are ours and old enough, and that no revision of their own endpoint names."""
    account, cursor = sweep.account, sweep.cursor
    known = EndpointNames({*account.endpoint_names, *account.revisions, *sweep.store.endpoint_names})
    for name in sorted(each for each in account.models if each > cursor.after):
        if len(cursor.candidates) >= MOST_CANDIDATES:
            return True
        if sweep.is_over:
            return False
        if _is_candidate(sweep, name, known.owners_of(name)):
            cursor.candidates[name] = account.models[name]["CreationTime"]
        cursor.after = name
    return True


def _is_candidate(sweep: Sweep, name: str, owners: set[str]) -> bool:
    listed = sweep.account.models[name]
    if not may_be_own_model(name) or listed["CreationTime"] >= sweep.rules.cutoff or _is_named(sweep, name, owners):
        return False
    return sweep.is_unused(listed, sweep.account.tags_of(listed["ModelArn"]))


def _is_named(sweep: Sweep, model: str, owners: set[str]) -> bool:
    """Tell whether a revision of one of some endpoints names a model, or may do so."""
    for config in islice(sweep.account.revisions_of(owners), _MOST_OWN_REVISIONS):
        models = sweep.account.models_of(config)
        if models is None or model in models:
            return True
    return False


def _check_candidates(sweep: Sweep) -> bool:
    """Strike out the candidates that any endpoint config names; return False if the time is over before."""
    account, cursor = sweep.account, sweep.cursor
    for name in sorted(each for each in account.configs if each > cursor.checked):
        if not cursor.candidates:
            break
        if sweep.is_over:
            return False
        # A config names models that exist, so one that is older than a model cannot name it.
        if account.configs[name]["CreationTime"] >= min(cursor.candidates.values()) - CLOCK_SKEW:
            _strike_out(sweep, name)
        cursor.checked = name
    return True


def _strike_out(sweep: Sweep, config: str) -> None:
    """Strike out the candidates that an endpoint config names, or may name if that cannot be known."""
    models, created_at = sweep.account.models_of(config), sweep.account.configs[config]["CreationTime"]
    for name, moment in list(sweep.cursor.candidates.items()):
        if name in models if models is not None else moment <= created_at + CLOCK_SKEW:
            del sweep.cursor.candidates[name]


def _remove_candidates(sweep: Sweep, since: datetime) -> bool:
    """Remove the candidates that are left; return False if the time is over before.

    Their tags are read last, because a run that is about to use a model notes it there.
    """
    account, cursor = sweep.account, sweep.cursor
    for name in sorted(cursor.candidates):
        if sweep.is_over:
            return False
        for config in account.new_configs(since):
            _strike_out(sweep, config)
        listed = account.models.get(name)
        is_free = listed is not None and name in cursor.candidates and not account.protected().owners_of(name)
        if listed and is_free and sweep.is_unused(listed, account.tags_of(listed["ModelArn"])):
            _remove(sweep, name)
        cursor.candidates.pop(name, None)
    return True


def _remove(sweep: Sweep, name: str) -> None:
    sweep.remove(Kind.MODELS, name, lambda: sweep.account.delete_model(name))
