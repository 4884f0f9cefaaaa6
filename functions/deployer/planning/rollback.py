"""Finds the target revision of a rollback, and reads its stored request."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.choose import Planning, find_live, missing_models, superseded_reason, waiting_reason
from deployer.planning.decisions import check_in_service
from deployer.planning.draft_state import Draft
from deployer.planning.keys import STORE_PREFIX
from deployer.planning.model_data import data_problems
from deployer.planning.names import Revision
from deployer.planning.plan import Action, Plan
from deployer.planning.resolve import check_smoke_test_body
from deployer.planning.revision import name_revision
from deployer.planning.rollback_alarms import with_whole_alarms
from deployer.planning.stored_requests import read_stored
from deployer.request.problem import Problem, reject
from deployer.request.rules.rollback_alarms import rollback_alarm_problems
from deployer.request.smoke_test import SmokeTest
from deployer.request.smoke_test_rules import problems_of
from deployer.tags import DEPLOYED, STACK_TAG, STATE_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployer.aws.sagemaker import SageMaker
    from deployer.planning.live import Live
    from deployer.planning.revision import Store
    from deployer.planning.revision_store import StoredRevision

_OWN_FIELDS = (
    "DeploymentConfig",
    "RetainAllVariantProperties",
    "ExcludeRetainedVariantProperties",
    "DryRun",
    "Approval",
)
"""Fields that say how an endpoint is changed, and whether it is: they are the rollback's own."""

_MOST_REVISIONS = 50
"""How many earlier revisions are looked at for one that was deployed."""

_SHOWN_REVISIONS = 10
"""How many deployed revisions a message lists if the named one does not exist."""


def resolve_rollback(draft: Draft, planning: Planning) -> Draft | Plan:
    """Fill in the request of the target revision, or decide to wait while the target is not known.

    Raises:
        InvalidRequestError: There is no such revision, or its data are gone.
    """
    live = find_live(planning, draft.endpoint_name)
    if live is None:
        raise InvalidRequestError(f"Rollback: there is no endpoint {draft.endpoint_name}")
    history = _History(draft, live, planning)
    if live.is_waiting or (live.status == "InService" and live.is_reserved(planning.now)):
        is_named = isinstance(draft.request["Rollback"], str)
        if stored := history.named() if is_named else history.before_under_way():
            return _resolved(draft, stored, planning)
        return planning.decided(draft, Action.WAIT, reason=waiting_reason(live))
    check_in_service(live)
    newest, moment = live.newest, draft.requested_at.replace(microsecond=0)
    if draft.request["Rollback"] is True and newest and newest.requested_at >= moment:
        return _compare(draft, live, newest, planning)
    return _resolved(draft, history.earlier(), planning)


def _resolved(draft: Draft, stored: StoredRevision, planning: Planning) -> Draft:
    """Fill in the request of a stored revision, and check it again."""
    store, settings = planning.store, planning.settings
    problems: Iterable[Problem] = data_problems(stored.data, store.objects, store.bucket)
    # The stack may no longer allow what it allowed then.
    problems = [
        *problems,
        *missing_models(stored.request, planning.sagemaker),
        *settings.allowances.broken(stored.request),
    ]
    reject(Problem(f"Rollback: {each.path}", each.message) for each in problems)
    own = {field: draft.request[field] for field in _OWN_FIELDS}
    smoke_test = draft.request["SmokeTest"] or stored.request["SmokeTest"]
    alarms = draft.request["RollbackAlarms"]
    alarms = stored.request.get("RollbackAlarms") if alarms is None else alarms
    request = {**stored.request, **own, "SmokeTest": smoke_test, "RollbackAlarms": alarms}
    if draft.request["RollbackAlarms"]:
        reject(rollback_alarm_problems(request))
    _check_smoke_test(request, store)
    whole = with_whole_alarms(request, settings.rollback_alarms)
    return Draft.of_run(draft, name_revision(whole, draft.requested_at, stored.data, source=stored.revision))


def _compare(draft: Draft, live: Live, newest: Revision, planning: Planning) -> Draft | Plan:
    """Choose the action of a rollback that is not newer than the served revision."""
    stored = _read(planning.store, draft.endpoint_name, newest.name)
    if stored is None or stored.request_id != draft.request_id:
        return planning.decided(draft, Action.SUPERSEDED, reason=superseded_reason(live))
    # A run of the same request has deployed it, or was stopped before it recorded that.
    whole = with_whole_alarms(stored.request, planning.settings.rollback_alarms)
    return Draft.of_run(draft, name_revision(whole, stored.requested_at, stored.data))


def _check_smoke_test(request: Document, store: Store) -> None:
    """Check the smoke test of a rollback, which may be its own, against what it goes back to."""
    if request["SmokeTest"]:
        test = SmokeTest.model_validate(request["SmokeTest"])
        reject(problems_of(test, request["EndpointConfig"], request["Models"]))
        check_smoke_test_body(test, store.objects)


@dataclass(frozen=True, slots=True)
class _History:
    """The stored revisions of the endpoint that a rollback is for."""

    draft: Draft
    live: Live
    planning: Planning

    def earlier(self) -> StoredRevision:
        """Read the stored request of the named revision, or of the newest deployed one from before the live one.

        Raises:
            InvalidRequestError: There is none.
        """
        if isinstance(self.draft.request["Rollback"], str):
            stored = self.named()
        elif (attached := self.live.attached) is None:
            raise InvalidRequestError(
                f"Rollback: the endpoint has {self.live.config_name}, which this deployer did not make; "
                "name the revision to go back to"
            )
        else:
            revisions = self._revisions()
            stored = self._first_deployed(name for name in revisions if revisions[name].order < attached.order)
        if stored is None:
            raise self._missing(f"there is no deployed revision before {self.live.config_name}")
        return stored

    def named(self) -> StoredRevision | None:
        """Read the stored request of the named revision; None while that revision is still being deployed.

        Raises:
            InvalidRequestError: It was never deployed, or there is no such revision.
        """
        name: str = self.draft.request["Rollback"]
        revisions = self._revisions()
        if stored := self._first_deployed([name] if name in revisions else []):
            return stored
        if name in self._under_way() or (name == self.live.config_name and self.live.is_waiting):
            return None
        deployed = [each for each in [*revisions][:_MOST_REVISIONS] if each not in self._under_way()]
        shown = islice((each for each in deployed if self._is_deployed(each)), _SHOWN_REVISIONS)
        marked = [f"{each} (live)" if each == self.live.config_name else each for each in shown]
        raise self._missing(f"there is no deployed revision {name}; deployed are: {', '.join(marked) or 'none'}")

    def before_under_way(self) -> StoredRevision | None:
        """Read the stored request of the newest deployed revision before the one that the endpoint is changed to.

        A rollback that is requested during a change goes back to it. None if a later request is under way, or if the
        revision is not known.

        Raises:
            InvalidRequestError: There is none before the one that is under way.
        """
        under_way = "".join(self._under_way())
        revision = Revision.parse(self.draft.endpoint_name, under_way)
        is_hidden = self.live.status == "Updating" and not self.live.pending_config_name
        if revision is None or is_hidden or revision.requested_at >= self.draft.requested_at.replace(microsecond=0):
            return None
        revisions = self._revisions()
        stored = self._first_deployed(name for name in revisions if revisions[name].order < revision.order)
        if stored is None:
            raise self._missing(f"there is no deployed revision before {under_way}, which is being deployed")
        return stored

    def _under_way(self) -> set[str]:
        """Return the revision that the endpoint is being changed to, or that is being tested."""
        return {self.live.pending_config_name or (self.live.config_name if self.live.is_pending else "")} - {""}

    def _revisions(self) -> dict[str, Revision]:
        return stored_revisions(self.planning.store, self.draft.endpoint_name)

    def _first_deployed(self, names: Iterable[str]) -> StoredRevision | None:
        for name in islice(names, _MOST_REVISIONS):
            if self._is_deployed(name) and (stored := _read(self.planning.store, self.draft.endpoint_name, name)):
                return stored
        return None

    def _is_deployed(self, name: str) -> bool:
        return is_deployed(name, self.planning.sagemaker, self.draft.stack)

    @staticmethod
    def _missing(what: str) -> InvalidRequestError:
        return InvalidRequestError(
            f"Rollback: {what}. What version 0.1 of the deployer deployed has no stored request; "
            "upload its artifact again"
        )


def stored_revisions(store: Store, endpoint_name: str) -> dict[str, Revision]:
    """Return the stored revisions of an endpoint by their names, deployed or not, the newest first."""
    folders = store.objects.list_folders(store.bucket, f"{STORE_PREFIX}{endpoint_name}/")
    known = {folder: revision for folder in folders if (revision := Revision.parse(endpoint_name, folder))}
    return dict(sorted(known.items(), key=lambda item: item[1].order, reverse=True))


def is_deployed(name: str, sagemaker: SageMaker, stack: str) -> bool:
    """Return whether a revision of a stack has been recorded as deployed."""
    config = sagemaker.find_endpoint_config(name)
    tags = sagemaker.tags_of(config["EndpointConfigArn"]) if config else {}
    return tags.get(STACK_TAG) == stack and tags.get(STATE_TAG) == DEPLOYED


def _read(store: Store, endpoint_name: str, revision: str) -> StoredRevision | None:
    try:
        return read_stored(store.objects, store.bucket, endpoint_name, revision)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"Rollback: {revision}: {error}") from None
