"""The kinds of records: a write to the account, a call, an answer of an endpoint."""

from __future__ import annotations

from dataclasses import dataclass

from local.json_document import Document

_NAMES = ("EndpointName", "EndpointConfigName", "ModelName", "ResourceArn", "NameContains")


@dataclass(frozen=True)
class Write:
    """A record of SageMaker changed.

    Attributes:
        time: When it changed, in seconds since the epoch.
        actor: The execution or the step that called; for asynchronous changes, the next caller.
        function: The function that called; empty if no function did.
        table: `models`, `configs`, `endpoints` or `tags`.
        name: The record's name; of tags, the resource's ARN.
        value: What it is from now on; None where it was deleted.
        before: What it was; None where it did not exist.
    """

    time: float
    actor: str
    function: str
    table: str
    name: str
    value: Document | None
    before: Document | None = None

    @property
    def begins(self) -> str:
        """The status that a call begins: `Creating`, `Updating` or `Deleting`; empty for all other writes."""
        if self.table != "endpoints" or self.value is None:
            return ""
        status = str(self.value["EndpointStatus"])
        is_new = self.before is None or self.before["EndpointStatus"] != status
        return status if is_new and status in {"Creating", "Updating", "Deleting"} else ""

    @property
    def is_asynchronous(self) -> bool:
        """Whether SageMaker made the change by itself: an endpoint went live, rolled back, failed or is gone."""
        if self.table == "tags" and ":endpoint/" in self.name:
            return self.value is None
        return self.table == "endpoints" and not self.begins

    @property
    def is_untagging(self) -> bool:
        """Whether tags of a resource that stays were removed."""
        return self.table == "tags" and self.value is not None and bool((self.before or {}).keys() - self.value.keys())


@dataclass(frozen=True)
class ObjectWrite:
    """An object of the artifact bucket was written or deleted.

    Attributes:
        time: When, in seconds since the epoch.
        actor: The execution or the step that called.
        function: The function that called; empty if a person did.
        operation: The operation of S3's API.
        key: The object's key.
        before: The content that the key had; None if it had none.
        content: The content that it has now; None if it was deleted.
    """

    time: float
    actor: str
    function: str
    operation: str
    key: str
    before: bytes | None
    content: bytes | None
    version: str = ""
    """The version's id; empty if it was deleted."""


@dataclass(frozen=True)
class Call:
    """A call of SageMaker, when it ended and how: `ok`, the code of an error, or the name of what broke it off."""

    time: float
    actor: str
    function: str
    operation: str
    parameters: Document
    outcome: str
    attached: str = ""
    """Of an invocation: the endpoint config that answered."""
    message: str = ""
    seconds: float = 0.0

    @property
    def names(self) -> str:
        """The names of the resources that it was about."""
        found = [self.parameters[member] for member in _NAMES if member in self.parameters]
        return " ".join(name.rpartition(":")[2] for name in found)


@dataclass(frozen=True)
class Registration:
    """The scaling of an endpoint that this stack has registered, after a change.

    Attributes:
        time: When, in seconds since the epoch.
        endpoint: The endpoint.
        scaled: The bounds, and the names of the policies, the scheduled actions and what alarms start, of each variant.
        actor: The execution or the step that changed it.
    """

    time: float
    endpoint: str
    scaled: Document
    actor: str = ""


@dataclass(frozen=True)
class AlarmChange:
    """A person changed or deleted a rollback alarm, at a time in seconds since the epoch: a kind of drift."""

    time: float
    name: str
    kind: str


@dataclass(frozen=True)
class Invocation:
    """Somebody invoked an endpoint, and CloudWatch counted it, at a time in seconds since the epoch."""

    time: float
    endpoint: str


@dataclass(frozen=True)
class Answered:
    """A person answered the request for approval of an execution, at a time in seconds since the epoch."""

    time: float
    execution: str
    decision: str


@dataclass(frozen=True)
class Probe:
    """An endpoint was invoked, as its users do all the time.

    Attributes:
        time: When, in seconds since the epoch.
        endpoint: The endpoint.
        configs: The endpoint configs that may have answered.
        answer: `ok`, or the code of the error.
        model: The model that answered.
        digest: The SHA-256 of the model data that it has loaded, in hexadecimal; empty without data.
    """

    time: float
    endpoint: str
    configs: tuple[str, ...]
    answer: str
    model: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Arrival:
    """An `aws.sagemaker` event arrived at the rule that starts WakeExecution.

    Attributes:
        time: When, in seconds since the epoch.
        event: Its id.
        endpoint: The endpoint that it is about.
        status: The status that it reports, such as `IN_SERVICE`.
        config: The endpoint config that the endpoint has by then.
    """

    time: float
    event: str
    endpoint: str
    status: str
    config: str
