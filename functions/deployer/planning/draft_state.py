"""The draft of a plan, as an execution's data have it: the run, and the content that it wants to deploy."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from deployer.json_document import Document
from deployer.planning.approval_state import Approval  # noqa: TC001 - pydantic reads the annotations
from deployer.planning.names import Revision
from deployer.planning.revision_store import Copy, StoredData  # noqa: TC001 - pydantic reads the annotations
from deployer.planning.rollback_alarms import rollback_alarms
from deployer.planning.state_data import StateData
from deployer.planning.tag_record import TagRecord


class Upload(StateData):
    """The version of an object whose upload started the execution."""

    bucket: str
    key: str
    version: str


class Run(StateData):
    """An execution: who asks for the deployment of which endpoint, and how long it may take."""

    execution: str
    """The execution's ARN."""
    stack: str
    """The stack's name."""
    request_id: str
    """The event's id, or the execution's name."""
    endpoint_name: str
    requested_at: datetime
    started_at: datetime
    timeout_seconds: int
    """How long the deployment may take, without the time that a person takes to approve it."""
    upload: Upload | None = None
    approval: Approval | None = None
    """The approval of a person that the deployment needs; None if it needs none."""

    @property
    def deadline(self) -> datetime:
        """When the deployment has to have ended."""
        begins_at = self.approval.begins_at if self.approval else self.started_at
        return begins_at + timedelta(seconds=self.timeout_seconds)


class Content(StateData):
    """The content of a revision, under names made from it."""

    request: Document
    """The complete request; that of a rollback itself until its target is resolved."""
    revision: str | None = None
    """Name of the endpoint config; None while the target revision of a rollback is not known."""
    model_names: dict[str, str] = Field(default_factory=dict)
    """The name in SageMaker of each model of the request, by its key."""
    data: list[StoredData] = Field(default_factory=list)
    """The versions of all model data."""
    copies: list[Copy] = Field(default_factory=list)
    """The objects that StoreRevision copies."""
    source: str = ""
    """The revision that a rollback takes its content from."""


class Draft(Run, Content):
    """The content that one execution wants to deploy, independent of the endpoint's state."""

    @classmethod
    def of_run(cls, run: Run, content: Content) -> Draft:
        """Return what a run deploys."""
        return cls(**{name: getattr(run, name) for name in Run.model_fields}, **dict(content))

    @property
    def wanted(self) -> Revision:
        """The revision, with the parts of its name."""
        wanted = Revision.parse(self.endpoint_name, self.revision or "")
        if wanted is None:
            raise ValueError(f"{self.revision} is not a revision of {self.endpoint_name}")
        return wanted

    @property
    def tag_record(self) -> TagRecord:
        """The record of the request's tags."""
        return TagRecord.of(self.request, self.wanted.requested_at)

    @property
    def deployment_config(self) -> Document | None:
        """The guardrails that the request asks for."""
        return self.request.get("DeploymentConfig")

    @property
    def rollback_alarms(self) -> dict[str, Document]:
        """The PutMetricAlarm requests of the alarms that are made for the guardrails, by their names."""
        return rollback_alarms(self.request, self.stack)

    @property
    def is_dry_run(self) -> bool:
        """Whether the request asks only what it would change."""
        return bool(self.request.get("DryRun"))

    @property
    def smoke_test(self) -> Document | None:
        """The smoke test that the request asks for."""
        return self.request.get("SmokeTest")
