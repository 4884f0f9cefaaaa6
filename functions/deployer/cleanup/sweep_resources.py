"""The sweep of SageMaker: endpoint configs that no endpoint uses, then models that no config names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.cleanup.in_use import OWN_MODEL, VISIBLE_BY, stem_of
from deployer.cleanup.sweep import Kind
from deployer.planning.names import revision_stem
from deployer.tags import DEPLOYED, STACK_TAG, STATE_TAG

if TYPE_CHECKING:
    from deployer.cleanup.sweep import Sweep

MOST_CANDIDATES = 200
"""Candidates for one scan of the account's endpoint configs; they are part of the execution's data."""


def sweep_configs(sweep: Sweep) -> None:
    """Remove the unused endpoint configs, except the newest deployed revisions of each endpoint."""
    account, cursor = sweep.account, sweep.cursor
    stems = set(map(revision_stem, account.list_endpoints()))
    for name in sweep.remaining(filter(stem_of, account.configs)):
        if stem_of(name) != stem_of(cursor.after):
            cursor.deployed = 0
        may_be_retained = stem_of(name) in stems and cursor.deployed < sweep.retained
        tags = account.config_tags(name) if may_be_retained else {}
        if (tags.get(STACK_TAG), tags.get(STATE_TAG)) == (sweep.stack, DEPLOYED):
            cursor.deployed += 1
        else:
            sweep.remove_unused(Kind.ENDPOINT_CONFIGS, account.configs, name, account.delete_config)


def sweep_models(sweep: Sweep) -> None:
    """Remove the models that no endpoint config of the account names, in batches."""
    account, cursor = sweep.account, sweep.cursor
    while cursor.candidates or _collect_candidates(sweep):
        for config in sweep.remaining(account.configs):
            if stem_of(cursor.after) and not stem_of(config):
                # The revisions are done. They name nearly all models in use, and the other configs are many.
                cursor.candidates = [each for each in cursor.candidates if sweep.is_unused(account.models.get(each))]
            _drop_candidates(sweep, config)
        new = account.list_configs(CreationTimeAfter=cursor.started_at - VISIBLE_BY)
        account.configs.update(new)
        for config in new:
            _drop_candidates(sweep, config)
        while cursor.candidates:
            sweep.remove_unused(Kind.MODELS, account.models, cursor.candidates[0], account.delete_model)
            del cursor.candidates[0]


def _collect_candidates(sweep: Sweep) -> bool:
    """Take the next models that may be ours and are old enough; return whether there are any."""
    cursor, models = sweep.cursor, sweep.account.models
    old = (name for name, listed in models.items() if OWN_MODEL.fullmatch(name) and listed.created_at < sweep.cutoff)
    cursor.candidates = sorted(name for name in old if name > cursor.collected)[:MOST_CANDIDATES]
    cursor.collected, cursor.after = max(cursor.candidates, default=""), ""
    return bool(cursor.candidates)


def _drop_candidates(sweep: Sweep, config: str) -> None:
    """Drop the candidates that an endpoint config names, or may name if it cannot be described."""
    models, made_at = sweep.account.models, sweep.account.configs[config].created_at + VISIBLE_BY
    # A config names models that existed when it was created; only the stack's own are created again after a deletion.
    listed = {each for each in sweep.cursor.candidates if each in models}
    possible = {each for each in listed if stem_of(config) or models[each].created_at <= made_at}
    named = sweep.account.models_of(config) if possible else frozenset()
    used = possible if named is None else named
    sweep.cursor.candidates = [each for each in sweep.cursor.candidates if each not in used]
