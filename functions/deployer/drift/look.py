"""What drift is found in: an endpoint in SageMaker, what is stored of its revisions, and who works on them.

The store names the revisions of an endpoint and their executions; it shows at once what was written to it. SageMaker
may show an endpoint as it was a while ago.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer.aws.s3_objects import parse_uri
from deployer.aws.sagemaker import holds
from deployer.aws.step_functions import execution_arn
from deployer.drift.find import VISIBLE_BY, Upload, View
from deployer.endpoint_config import model_names, variants_of
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.keys import STORE_PREFIX, revision_folder
from deployer.planning.live import Live
from deployer.planning.names import Revision
from deployer.planning.rollback_alarms import rollback_alarms
from deployer.planning.scaling import scaled_variants
from deployer.planning.stored_requests import find_readable
from deployer.planning.weight_record import WeightRecord
from deployer.tags import DEPLOYED, EXECUTION_TAG, PREVIOUS_TAG, STACK_TAG, STATE_TAG

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from datetime import datetime

    from deployer.aws.monitoring import Monitoring
    from deployer.aws.registry import Registry
    from deployer.aws.s3 import Objects
    from deployer.aws.sagemaker import SageMaker
    from deployer.aws.scaling import Scaling
    from deployer.aws.step_functions import Executions
    from deployer.planning.revision_store import StoredRevision

MOST_REVISIONS = 50
"""How many of the newest revisions are looked at for one that was deployed."""

_MOST_EXECUTIONS = 10
"""How many of the newest executions of one revision are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Looks at the endpoints that a stack has deployed to.

    Every method raises the leaves of `deployer.errors`.

    Attributes:
        sagemaker: The adapter of SageMaker.
        objects: The adapter of S3.
        executions: The adapter of Step Functions.
        monitoring: The adapter of CloudWatch.
        scaling: The adapter of Application Auto Scaling.
        registry: The adapter of Amazon ECR.
        bucket: The artifact bucket.
        prefix: Where the endpoints' folders for uploads are in it; ends in a slash.
        stack: The stack.
        state_machine: The ARN of the state machine that deploys.
        idle_days: After how many days without an invocation an endpoint is reported; 0 for never.
        now: What time it is.
    """

    sagemaker: SageMaker
    objects: Objects
    executions: Executions
    monitoring: Monitoring
    scaling: Scaling
    registry: Registry
    bucket: str
    prefix: str
    stack: str
    state_machine: str
    idle_days: int
    now: datetime

    def endpoint_names(self) -> list[str]:
        """List the endpoints of which something is stored."""
        return sorted(self.objects.list_folders(self.bucket, STORE_PREFIX))

    def look_at(self, endpoint_name: str) -> View:
        """Look at an endpoint, and at its revisions and their executions from the newest to the deployed one.

        The executions are looked at last: one that has begun meanwhile explains what was seen before.
        """
        endpoint = self.sagemaker.find_endpoint(endpoint_name)
        if endpoint and self._is_handed_over(endpoint):
            return View(endpoint_name, live=None)
        live = self._live(endpoint) if endpoint else None
        seen = {live.config_name: dict(live.tags)} if live and live.tags else {}
        revisions = self._revisions(endpoint_name)
        deployed = next((each for each in revisions if self._is_deployed(each, seen)), None)
        attached = live.attached if live else None
        content = self._content(live) if live and attached in revisions else {}
        images = self._changed_images(endpoint) if endpoint else ()
        newer = self._revisions(endpoint_name)
        return View(
            endpoint_name=endpoint_name,
            live=live,
            deployed=deployed,
            is_in_store=attached in revisions,
            is_under_way=any(
                self._is_under_way(endpoint_name, each, seen) for each in _down_to(newer, deployed, attached)
            ),
            changed_images=tuple(images),
            **content,
        )

    def is_requested(self, view: View) -> bool:
        """Return whether an execution runs for an endpoint, also one that waits for a person's approval."""
        revisions = _down_to(self._revisions(view.endpoint_name), view.deployed)
        return any(ended_at is None for each in revisions for ended_at in self._ends(view.endpoint_name, each))

    def _is_handed_over(self, endpoint: Document) -> bool:
        """Return whether an endpoint belongs to another stack by now."""
        return self.sagemaker.tags_of(endpoint["EndpointArn"]).get(STACK_TAG, self.stack) != self.stack

    def _live(self, endpoint: Document) -> Live:
        served = WeightRecord(self.objects, self.bucket).served(endpoint)
        config = self.sagemaker.find_endpoint_config(served)
        tags = self.sagemaker.tags_of(config["EndpointConfigArn"]) if config else {}
        live = Live.of(endpoint, config, tags, served=served)
        is_there = live.base_name == served or self.sagemaker.find_endpoint_config(live.base_name)
        return live if is_there else replace(live, config={})

    def _revisions(self, endpoint_name: str) -> list[Revision]:
        """Return the newest stored revisions, the newest first."""
        folders = self.objects.list_folders(self.bucket, f"{STORE_PREFIX}{endpoint_name}/")
        found = [revision for folder in folders if (revision := Revision.parse(endpoint_name, folder))]
        return sorted(found, key=lambda each: each.order, reverse=True)[:MOST_REVISIONS]

    def _is_deployed(self, revision: Revision, seen: dict[str, dict[str, str]]) -> bool:
        """Return whether a revision is deployed, by the tags of its config, looked up unless seen before."""
        if revision.name not in seen and (config := self.sagemaker.find_endpoint_config(revision.name)):
            seen[revision.name] = self.sagemaker.tags_of(config["EndpointConfigArn"])
        tags = seen.get(revision.name, {})
        return (tags.get(STACK_TAG), tags.get(STATE_TAG)) == (self.stack, DEPLOYED)

    def _is_under_way(self, endpoint_name: str, revision: Revision, seen: Container[str]) -> bool:
        """Return whether an execution works on a revision or has just ended; without a config it may await approval."""
        if revision.name not in seen and self.sagemaker.find_endpoint_config(revision.name) is None:
            return False
        ends = self._ends(endpoint_name, revision)
        return any(ended_at is None or self.now < ended_at + VISIBLE_BY for ended_at in ends)

    def _ends(self, endpoint_name: str, revision: Revision) -> Iterator[datetime | None]:
        """Yield when the newest executions of a revision ended; None for one that runs."""
        folder = f"{revision_folder(endpoint_name, revision.name)}executions/"
        listed = sorted(self.objects.list_objects(self.bucket, folder), key=lambda each: each.last_modified)
        for each in listed[-_MOST_EXECUTIONS:]:
            yield self.executions.ended_at(execution_arn(self.state_machine, each.key.rpartition("/")[2]))

    def _content(self, live: Live) -> Document:
        """Look up what the revision that an endpoint has consists of, as far as a view holds that."""
        stored = self._stored(live)
        since = self.now - timedelta(days=self.idle_days)
        models, (missing, changed) = model_names(live.config), self._alarms(live, stored)
        return {
            "missing_models": tuple(name for name in models if self.sagemaker.find_model(name) is None),
            "missing_data": tuple(self._missing_data(stored)),
            "missing_alarms": missing,
            "changed_alarms": changed,
            "changed_scaling": tuple(self._changed_scaling(live, stored)),
            "versions": frozenset(each.version for each in stored.data) if stored else frozenset(),
            "upload": self._upload(live.name) if stored else None,
            "invocations": self._invocations(live, since),
            "invoked_since": since,
        }

    def _changed_images(self, endpoint: Document) -> Iterator[str]:
        """Yield the images whose tag has moved since SageMaker resolved it (API Reference, DeployedImage)."""
        variants = endpoint.get("ProductionVariants", [])
        deployed = {
            each.get("SpecifiedImage", ""): each.get("ResolvedImage", "").rpartition("@")[2]
            for variant in variants
            for each in variant.get("DeployedImages", [])
        }
        for image, digest in deployed.items():
            current = self.registry.digest_of(image) if digest.startswith("sha256:") else None
            if current and current != digest:
                yield image

    def _stored(self, live: Live) -> StoredRevision | None:
        return find_readable(self.objects, self.bucket, live.name, live.config_name)

    def _missing_data(self, stored: StoredRevision | None) -> Iterator[str]:
        """Yield the URIs of copies that are gone."""
        for each in stored.data if stored else ():
            if each.copied_from and not self.objects.find_any(*parse_uri(each.uri)):
                yield each.uri

    def _alarms(self, live: Live, stored: StoredRevision | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the alarms of the live revision that are gone, and those that are not as they were made.

        Rollback alarms are made for an update only. Of several executions of a request, the one that stored it is
        looked for.
        """
        if stored is None:
            return (), ()
        is_update = stored.execution == live.tags.get(EXECUTION_TAG) and live.tags.get(PREVIOUS_TAG)
        wanted = rollback_alarms(stored.request, self.stack) if is_update else {}
        if stepped := [each for each in scaled_variants(stored.request, self.stack) if each["Alarms"]]:
            wanted |= {alarm["AlarmName"]: alarm for alarm in self.scaling.step_alarms(live.name, stepped)}
        found = self.monitoring.alarms([*wanted]) if wanted else {}
        changed = (name for name in wanted.keys() & found.keys() if not holds(found[name], wanted[name]))
        return tuple(name for name in wanted if name not in found), tuple(sorted(changed))

    def _changed_scaling(self, live: Live, stored: StoredRevision | None) -> list[str]:
        names = [variant["VariantName"] for variant in variants_of(live.config)]
        if stored is None or not names:
            return []
        return self.scaling.differences(live.name, scaled_variants(stored.request, self.stack), names)

    def _upload(self, endpoint_name: str) -> Upload | None:
        folder = f"{self.prefix}{endpoint_name}"
        try:
            newest = self.objects.newest_below(self.bucket, folder)
        except InvalidRequestError:  # more objects than are searched
            return None
        listed = next(self.objects.list_objects(self.bucket, newest.key), None) if newest else None
        return Upload(newest.key, newest.version, listed.last_modified) if newest and listed else None

    def _invocations(self, live: Live, since: datetime) -> float | None:
        """Count the invocations of all variants; those of inference components have other metrics."""
        if not self.idle_days or not live.config or "ExecutionRoleArn" in live.config:
            return None
        names = [variant["VariantName"] for variant in variants_of(live.config)]
        return self.monitoring.invocations(live.name, names, since, self.now)


def _down_to(revisions: list[Revision], *oldest: Revision | None) -> list[Revision]:
    """Return the revisions, the newest first, down to the oldest of some of them."""
    known = [each.order for each in oldest if each]
    return [each for each in revisions if not known or each.order >= min(known)]
