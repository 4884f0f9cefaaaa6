"""Assumptions about an endpoint that serves, about its statuses and events, and about executions that wait for it."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from local.trial.assumption import Assumption

if TYPE_CHECKING:
    from local.trial.acts import Acts
    from local.trial.events import Events
    from local.trial.site import Site

_INVALID = "ValidationException: "
_ERROR = "ValidationError: "
_NOT_MULTI_MODEL = "Endpoint <trial> is not a multi-model endpoint and does not support target model header."
_NO_COMPONENTS = (
    "Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference "
    "components. Please remove the Inference Component Name header and try again."
)


def during_update(site: Site) -> None:
    """Try what an endpoint refuses while it is changing: the call asks for what is there already."""
    same = [{"VariantName": "AllTraffic", "DesiredWeight": 1.0}]
    site.seen["in progress"] = site.answer_of(
        "sagemaker",
        "update_endpoint_weights_and_capacities",
        EndpointName=site.name,
        DesiredWeightsAndCapacities=same,
    )


def endpoint_assumptions(acts: Acts, events: Events) -> list[Assumption]:
    """Return what can be seen of the acts' endpoint, and of what they have left in histories and queues."""
    return [
        *_CALLS,
        Assumption("statuses of a first deployment", "Creating, InService", lambda _: _in_order(acts, "first")),
        Assumption("statuses of an update", "Updating, InService", lambda _: _in_order(acts, "better")),
        Assumption(
            "statuses of a failed smoke test",
            "Updating, InService, Updating, InService",
            lambda _: _in_order(acts, "broken"),
        ),
        Assumption("PendingDeploymentSummary during an update", "True", _has_pending),
        Assumption("a change during an update", _in_progress_message(), lambda site: str(site.seen.get("in progress"))),
        Assumption("a task token in the history", "True", lambda site: _has_token(site, acts.executions["first"])),
        Assumption(
            "state-change events of the endpoint", "CREATING, IN_SERVICE, UPDATING", lambda site: _kinds(site, events)
        ),
        Assumption(
            "seconds from a change to its event", "1 s to 4 s", lambda site: _delays(site, events), is_measured=True
        ),
    ]


def _in_progress_message() -> str:
    return f'{_INVALID}Cannot update in-progress endpoint "arn:…:endpoint/<trial>".'


def _in_order(acts: Acts, act: str) -> str:
    """Return the statuses that were seen one after the other, from the first change on."""
    seen = acts.statuses[act]
    return ", ".join(seen[1:] if seen[:1] == ["InService"] else seen)


def _has_pending(site: Site) -> str:
    return str("PendingDeploymentSummary" in site.seen.get("during update", {}))


def _has_token(site: Site, execution: str) -> str:
    pages = site.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution)
    parameters = [
        json.loads(event["taskScheduledEventDetails"]["parameters"])
        for page in pages
        for event in page["events"]
        if "taskScheduledEventDetails" in event
    ]
    return str(any("TaskToken" in json.dumps(each) for each in parameters))


def _kinds(site: Site, events: Events) -> str:
    """Return which statuses events have reported, in the order in which each came first."""
    events.receive()
    kinds = [each.event["detail"]["EndpointStatus"] for each in events.of_endpoint(site.name) if _is_status(each.event)]
    return ", ".join(dict.fromkeys(kinds))


def _is_status(event: Any) -> bool:
    return bool(event["detail-type"] == "SageMaker Endpoint State Change")


def _delays(site: Site, events: Events) -> str:
    """Return the shortest and the longest time from a change, as the event dates it, to the queue."""
    delays = [
        each.seconds - each.event["detail"]["LastModifiedTime"] / 1000
        for each in events.of_endpoint(site.name)
        if _is_status(each.event)
    ]
    return f"{min(delays):.1f} s to {max(delays):.1f} s" if delays else "no event"


def _invoke(operation: str, site: Site, **headers: Any) -> str:
    body = {"InputLocation": f"s3://{site.bucket}/none"} if operation == "invoke_endpoint_async" else {"Body": b"1"}
    return site.answer_of("sagemaker-runtime", operation, EndpointName=site.name, **body, **headers)


def _sagemaker(operation: str, site: Site, **parameters: Any) -> str:
    return site.answer_of("sagemaker", operation, EndpointName=site.name, **parameters)


def _attached(site: Site) -> str:
    return str(site.client("sagemaker").describe_endpoint(EndpointName=site.name)["EndpointConfigName"])


def _same_config(site: Site) -> str:
    answer = _sagemaker("update_endpoint", site, EndpointConfigName=_attached(site))
    return answer.replace(site.plain(_attached(site)), "<attached>")


def _other_case(site: Site) -> str:
    parameters = {"EndpointName": site.name.upper(), "EndpointConfigName": _attached(site)}
    return site.answer_of("sagemaker", "create_endpoint", **parameters)


def _described(site: Site, look: Any) -> str:
    return str(look(site.client("sagemaker").describe_endpoint(EndpointName=site.name)))


def _is_resolved(described: Any) -> bool:
    return "@sha256:" in described["ProductionVariants"][0]["DeployedImages"][0]["ResolvedImage"]


def _nothing(site: Site) -> str:
    return site.answer_of("sagemaker-runtime", "invoke_endpoint", EndpointName=f"{site.name}-no", Body=b"1")


_CALLS = [
    Assumption("InvokeEndpoint of nothing", f"{_ERROR}Endpoint <trial>-no of account <account> not found.", _nothing),
    Assumption(
        "InvokeEndpoint of a variant of nothing",
        f"{_ERROR}Variant Nothing was not found for endpoint <trial>",
        partial(_invoke, "invoke_endpoint", TargetVariant="Nothing"),
    ),
    Assumption(
        "TargetModel where there is one model",
        f"{_ERROR}{_NOT_MULTI_MODEL}",
        partial(_invoke, "invoke_endpoint", TargetModel="a.tar.gz"),
    ),
    Assumption(
        "InferenceComponentName where there are none",
        f"{_ERROR}{_NO_COMPONENTS}",
        partial(_invoke, "invoke_endpoint", InferenceComponentName="none"),
    ),
    Assumption(
        "InvokeEndpointAsync of a real-time endpoint",
        f"{_ERROR}Endpoint <trial> is not asynchronous. Its endpoint configuration has no AsyncInferenceConfig.",
        partial(_invoke, "invoke_endpoint_async"),
    ),
    Assumption(
        "CreateEndpoint of a name in another case",
        f'{_INVALID}Cannot create already existing endpoint "arn:…:endpoint/<trial>".',
        _other_case,
    ),
    Assumption(
        "UpdateEndpoint to the attached config",
        f'{_INVALID}Cannot update endpoint with the currently in use endpoint configuration "<attached>".',
        _same_config,
    ),
    Assumption("DeployedImages have digests", "True", lambda site: _described(site, _is_resolved)),
    Assumption(
        "CreationTime is no later than LastModifiedTime",
        "True",
        lambda site: _described(site, lambda found: found["CreationTime"] <= found["LastModifiedTime"]),
    ),
]
