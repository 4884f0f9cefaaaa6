"""Which revision a rollback goes back to, and what that one was made of: its stored request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.choose import Planning, find_live, missing_models
from deployer.planning.decisions import check_in_service
from deployer.planning.keys import STORE_PREFIX, request_key
from deployer.planning.model_data import data_problems
from deployer.planning.names import Revision
from deployer.planning.plan import Action, Draft, Plan
from deployer.planning.resolve import check_smoke_test_body
from deployer.planning.revision import name_revision
from deployer.planning.revision_store import StoredRevision
from deployer.request.problem import Problem, reject
from deployer.request.smoke_test import SmokeTest
from deployer.request.smoke_test_rules import problems_of
from deployer.tags import DEPLOYED, STACK_TAG, STATE_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployer.aws.sagemaker import SageMaker
    from deployer.planning.live import Live
    from deployer.planning.revision import Store
    from deployer.request.allowances import Allowances

_OWN_FIELDS = ("DeploymentConfig", "RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "DryRun")
"""Fields that say how an endpoint is changed, and whether it is: they are the rollback's own."""

_MOST_REVISIONS = 50
"""How many earlier revisions are looked at for one that was deployed."""


def resolve_rollback(draft: Draft, planning: Planning, store: Store, allowances: Allowances) -> Draft | Plan:
    """Fill in the request of the target revision, or decide to wait while the target is not known.

    Raises:
        InvalidRequestError: There is no such revision, or its data are gone.
    """
    live = find_live(planning, draft.endpoint_name)
    if live is None:
        raise InvalidRequestError(f"Rollback: there is no endpoint {draft.endpoint_name}")
    if live.is_waiting:
        return planning.decided(draft, Action.WAIT)
    check_in_service(live)
    if live.is_reserved(planning.now):
        return planning.decided(draft, Action.WAIT)
    newest, moment = live.newest, draft.requested_at.replace(microsecond=0)
    if draft.request["Rollback"] is True and newest and newest.requested_at >= moment:
        return _compare(draft, newest, planning, store)
    stored = _earlier(draft, live, planning, store)
    problems: Iterable[Problem] = data_problems(stored.data, store.objects, store.bucket)
    # What the stack allowed then it may not allow any more.
    problems = [*problems, *missing_models(stored.request, planning.sagemaker), *allowances.broken(stored.request)]
    reject(Problem(f"Rollback: {each.path}", each.message) for each in problems)
    own = {field: draft.request[field] for field in _OWN_FIELDS}
    smoke_test = draft.request["SmokeTest"] or stored.request["SmokeTest"]
    request = {**stored.request, **own, "SmokeTest": smoke_test}
    _check_smoke_test(request, store)
    return draft.with_content(name_revision(request, draft.requested_at, stored.data), source=stored.revision)


def _compare(draft: Draft, newest: Revision, planning: Planning, store: Store) -> Draft | Plan:
    """Decide what a rollback means that is no newer than what the endpoint serves."""
    stored = _read(store, draft.endpoint_name, newest.name)
    if stored is None or stored.request_id != draft.request_id:
        return planning.decided(draft, Action.SUPERSEDED)
    # A run of this very request has deployed it, or was stopped before it recorded that.
    return draft.with_content(name_revision(stored.request, stored.requested_at, stored.data))


def _check_smoke_test(request: Document, store: Store) -> None:
    """Check the smoke test of a rollback, which may be its own, against what it goes back to."""
    if request["SmokeTest"]:
        test = SmokeTest.model_validate(request["SmokeTest"])
        reject(problems_of(test, request["EndpointConfig"], request["Models"]))
        check_smoke_test_body(test, store.objects)


def _earlier(draft: Draft, live: Live, planning: Planning, store: Store) -> StoredRevision:
    """Read the stored request of the named revision, or of the newest deployed one from before the live one."""
    wanted, name = draft.request["Rollback"], draft.endpoint_name
    revisions = stored_revisions(store, name)
    newest_first = [*revisions]
    if isinstance(wanted, str):
        candidates = [wanted] if wanted in revisions else []
        missing = (
            f"there is no deployed revision {wanted}; stored, deployed or not, are: {', '.join(newest_first) or 'none'}"
        )
    elif (attached := live.attached) is None:
        raise InvalidRequestError(
            f"Rollback: the endpoint has {live.config_name}, which this deployer did not make; "
            "name the revision to go back to"
        )
    else:
        candidates = [each for each in newest_first if revisions[each].order < attached.order]
        missing = f"there is no deployed revision before {attached.name}"
    for candidate in candidates[:_MOST_REVISIONS]:
        if is_deployed(candidate, planning.sagemaker, draft.stack) and (stored := _read(store, name, candidate)):
            return stored
    raise InvalidRequestError(
        f"Rollback: {missing}. What version 0.1 of the deployer deployed has no stored request; "
        "upload its artifact again"
    )


def stored_revisions(store: Store, endpoint_name: str) -> dict[str, Revision]:
    """Return the stored revisions of an endpoint by their names, deployed or not, the newest first."""
    folders = store.objects.list_folders(store.bucket, f"{STORE_PREFIX}{endpoint_name}/")
    known = {folder: revision for folder in folders if (revision := Revision.parse(endpoint_name, folder))}
    return dict(sorted(known.items(), key=lambda item: item[1].order, reverse=True))


def is_deployed(name: str, sagemaker: SageMaker, stack: str) -> bool:
    """Tell whether a revision of a stack has been recorded as deployed."""
    config = sagemaker.find_endpoint_config(name)
    tags = sagemaker.tags_of(config["EndpointConfigArn"]) if config else {}
    return tags.get(STACK_TAG) == stack and tags.get(STATE_TAG) == DEPLOYED


def _read(store: Store, endpoint_name: str, revision: str) -> StoredRevision | None:
    text = store.objects.read(store.bucket, request_key(endpoint_name, revision))
    try:
        return StoredRevision.parse(text) if text is not None else None
    except InvalidRequestError as error:
        raise InvalidRequestError(f"Rollback: {revision}: {error}") from None
