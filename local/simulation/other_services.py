"""Changes that operators make to alarms, scaling and stored copies, and invocations by users."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from local.json_document import Document
from local.simulation.records import AlarmChange, Invocation
from local.virtual_time.world import BUCKET, STACK_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.scenario import OperatorAction, OperatorStep
    from local.virtual_time.world import World

_TARGET = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_STACK_TAG = "endpoint-deployer:stack"
_SCHEDULE: Document = {
    "ScheduledActionName": "by-operator",
    "Schedule": "cron(0 22 * * ? *)",
    "ScalableTargetAction": {"MaxCapacity": 1},
}


class OtherServices:
    """CloudWatch, Application Auto Scaling and the store, as people use them for live revisions.

    Nothing is changed while an execution runs or the endpoint changes: what a run makes and needs right then is no
    drift yet.

    Args:
        world: The world.

    Attributes:
        alarm_changes: The alarms that were changed or deleted, in order.
        invocations: The invocations that CloudWatch knows of, in order.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.alarm_changes: list[AlarmChange] = []
        self.invocations: list[Invocation] = []
        self.actions: dict[OperatorAction, Callable[[OperatorStep], bool]] = {
            "change alarm": self._change_alarm,
            "delete alarm": self._change_alarm,
            "change scaling": self._change_scaling,
            "hand over scaling": self._hand_over_scaling,
            "delete copy": self._delete_copy,
            "invoke endpoint": self._invoke,
        }

    def _resting(self, endpoint: str) -> Document | None:
        """Return an endpoint that is in service, and that no execution is about to change."""
        record: Document | None = self._world.simulator.resources()["Endpoints"].get(endpoint)
        is_busy = any(each.status == "RUNNING" for each in self._world.machine.executions)
        return record if record and record["EndpointStatus"] == "InService" and not is_busy else None

    def _change_alarm(self, step: OperatorStep) -> bool:
        """Change or delete a rollback alarm of the endpoint."""
        prefix = f"{STACK_NAME}/rollback/{step.endpoint}-"
        # Another endpoint's name may begin with this one's.
        names = [name for name in self._world.own_alarms() if name[:-12] == prefix]
        if not names or self._resting(step.endpoint) is None:
            return False
        name = names[step.choice % len(names)]
        if step.action == "delete alarm":
            self._world.cloudwatch.delete_alarms(AlarmNames=[name])
        else:
            self._world.make_alarm(name)
        kind = "AlarmDeleted" if step.action == "delete alarm" else "AlarmChanged"
        self.alarm_changes.append(AlarmChange(self._world.clock.now(), name, kind))
        return True

    def _change_scaling(self, step: OperatorStep) -> bool:
        """Change the bounds of a scalable target of the stack, add an action to it, or deregister it."""
        service = self._world.scaling
        targets = [
            target
            for target in service.targets_of(step.endpoint)
            if service.tags_of(target["ScalableTargetARN"]).get(_STACK_TAG) == STACK_NAME
        ]
        if not targets or self._resting(step.endpoint) is None:
            return False
        target, client = targets[0], self._world.autoscaling
        names: dict[str, Any] = {member: target[member] for member in _TARGET}
        if step.choice == 0:
            client.register_scalable_target(**names, MaxCapacity=target["MaxCapacity"] + 1)
        elif step.choice == 1:
            client.put_scheduled_action(**names, **_SCHEDULE)
        else:
            client.deregister_scalable_target(**names)
        return True

    def _hand_over_scaling(self, step: OperatorStep) -> bool:
        """Register the first variant on instances, if nothing of the endpoint is, with the tag of the stack."""
        record = self._resting(step.endpoint)
        found = (record or {}).get("ProductionVariants", [])
        variants = [each for each in found if "CurrentServerlessConfig" not in each]
        if not variants or self._world.scaling.targets_of(step.endpoint):
            return False
        self._world.autoscaling.register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=f"endpoint/{step.endpoint}/variant/{variants[0]['VariantName']}",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=1,
            MaxCapacity=3 + step.choice,
            Tags={_STACK_TAG: STACK_NAME},
        )
        return True

    def _delete_copy(self, step: OperatorStep) -> bool:
        """Delete a stored copy of a model artifact that the endpoint's revision loads."""
        record = self._resting(step.endpoint)
        key = f"revisions/{step.endpoint}/{record['EndpointConfigName']}/request.json" if record else ""
        client = self._world.s3
        if not key or not client.list_objects_v2(Bucket=BUCKET, Prefix=key).get("Contents"):
            return False
        stored = json.loads(client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        copies = [each["Uri"] for each in stored["Data"] if each["CopiedFrom"] and not each["Uri"].endswith("/")]
        if copies:
            client.delete_object(Bucket=BUCKET, Key=copies[0].removeprefix(f"s3://{BUCKET}/"))
        return bool(copies)

    def _invoke(self, step: OperatorStep) -> bool:
        """Let CloudWatch count an invocation of each variant."""
        record = self._world.simulator.resources()["Endpoints"].get(step.endpoint)
        now = self._world.clock.now()
        for variant in (record or {}).get("ProductionVariants", []):
            names = {"EndpointName": step.endpoint, "VariantName": variant["VariantName"]}
            datum = {
                "MetricName": "Invocations",
                "Dimensions": [{"Name": name, "Value": value} for name, value in names.items()],
                "Timestamp": datetime.fromtimestamp(now, UTC),
                "Value": 1.0,
            }
            self._world.cloudwatch.put_metric_data(Namespace="AWS/SageMaker", MetricData=[datum])
        if record:
            self.invocations.append(Invocation(now, step.endpoint))
        return record is not None
