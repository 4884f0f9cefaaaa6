"""Endpoints: they are created, changed and deleted by and by, and each look at one sees how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.hosting.errors import exists, in_progress, invalid, not_found
from local.hosting.rollout import Rollout, check_update
from local.hosting.store import page, variants

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.hosting.fleet import Fleets
    from local.hosting.store import Document, Store

_CHANGING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_INTERNAL = "_due"


class Endpoints:
    """CreateEndpoint, UpdateEndpoint and what goes with them.

    An endpoint's record bears what is due to happen to it; every call first lets happen what is due by now.

    Args:
        store: The account.
        fleets: What answers the endpoints' invocations.
        alarm_is_on: Tells whether a CloudWatch alarm is in alarm.
    """

    def __init__(self, store: Store, fleets: Fleets, alarm_is_on: Callable[[str], bool]) -> None:
        self._store = store
        self._fleets = fleets
        self._alarm_is_on = alarm_is_on
        self._rollouts: dict[str, Rollout] = {}

    def create_endpoint(self, request: Document) -> Document:
        """Begin to create an endpoint, if its config and the config's models can be seen."""
        store, name = self._store, request["EndpointName"]
        arn = store.arn("endpoint", name)
        if store.endpoints.current(name):
            raise exists("endpoint", arn)
        config = self._config(request["EndpointConfigName"])
        now, moment = store.clock.now(), store.moment()
        record = {
            "EndpointName": name,
            "EndpointArn": arn,
            "EndpointConfigName": request["EndpointConfigName"],
            "EndpointStatus": "Creating",
            "CreationTime": moment,
            "LastModifiedTime": moment,
        }
        store.endpoints.write(name, record, now)
        store.set_tags(arn, request.get("Tags", []))
        self._rollouts[name] = Rollout.creation(config, now, store.settings)
        return {"EndpointArn": arn}

    def update_endpoint(self, request: Document) -> Document:
        """Begin to change an endpoint to another config, if SageMaker would."""
        store, name = self._store, request["EndpointName"]
        endpoint = self._current(name)
        if endpoint["EndpointStatus"] != "InService":
            raise in_progress(endpoint["EndpointArn"])
        attached_name = endpoint["EndpointConfigName"]
        if attached_name == request["EndpointConfigName"]:
            message = "Cannot update endpoint with the currently in use endpoint configuration"
            raise invalid(f'{message} "{attached_name}".')
        attached = store.configs.current(attached_name)
        if attached is None:
            raise not_found("endpoint configuration", store.arn("endpoint-config", attached_name))
        config = self._config(request["EndpointConfigName"])
        deployment = request.get("DeploymentConfig", {})
        check_update(attached, config, deployment)
        rollout = Rollout.update(config, deployment, store.clock.now(), store.settings)
        if request.get("RetainAllVariantProperties"):
            rollout.retained = endpoint["ProductionVariants"]
        self._rollouts[name] = rollout
        pending = {
            "EndpointConfigName": request["EndpointConfigName"],
            "StartTime": store.moment(),
            "ProductionVariants": [{"VariantName": variant["VariantName"]} for variant in config["ProductionVariants"]],
        }
        self._change(endpoint, EndpointStatus="Updating", PendingDeploymentSummary=pending)
        return {"EndpointArn": endpoint["EndpointArn"]}

    def update_endpoint_weights_and_capacities(self, request: Document) -> Document:
        """Set weights and instance counts of variants at once."""
        endpoint = self._current(request["EndpointName"])
        if endpoint["EndpointStatus"] != "InService":
            raise in_progress(endpoint["EndpointArn"])
        wanted = {entry["VariantName"]: entry for entry in request["DesiredWeightsAndCapacities"]}
        summaries = [
            _scaled(summary, wanted.get(summary["VariantName"], {})) for summary in endpoint["ProductionVariants"]
        ]
        self._change(endpoint, ProductionVariants=summaries)
        return {"EndpointArn": endpoint["EndpointArn"]}

    def delete_endpoint(self, request: Document) -> Document:
        """Begin to delete an endpoint that is not changing."""
        store, endpoint = self._store, self._current(request["EndpointName"])
        if endpoint["EndpointStatus"] in _CHANGING:
            raise in_progress(endpoint["EndpointArn"])
        self._rollouts[endpoint["EndpointName"]] = Rollout.deletion(store.clock.now(), store.settings)
        self._change(endpoint, EndpointStatus="Deleting")
        return {}

    def describe_endpoint(self, request: Document) -> Document:
        """Describe an endpoint as the replica that answers sees it."""
        self.catch_up()
        record = self._store.look_up(self._store.endpoints, request["EndpointName"])
        if record is None:
            raise not_found("endpoint", self._store.arn("endpoint", request["EndpointName"]))
        return dict(record)

    def list_endpoints(self, request: Document) -> Document:
        """List endpoints."""
        self.catch_up()
        listed, token = page(self._store.scan(self._store.endpoints), "EndpointName", request)
        members = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
        return {"Endpoints": [{member: record[member] for member in members} for record in listed], **token}

    def serving(self, name: str) -> Document | None:
        """Return the endpoint that answers invocations, as it is now; None if there is none."""
        self.catch_up()
        return self._store.endpoints.current(name)

    def catch_up(self) -> None:
        """Let happen what is due by now, in the order in which it is due."""
        for name in list(self._rollouts):
            while name in self._rollouts and (due := self._rollouts[name].next_due(self._alarm_is_on, self._now)):
                self._happen(name, *due)

    @property
    def _now(self) -> float:
        return self._store.clock.now()

    def _happen(self, name: str, moment: float, event: str) -> None:
        """Let one step of a rollout happen at its moment."""
        store, rollout = self._store, self._rollouts[name]
        endpoint = store.endpoints.current(name)
        if endpoint is None or event == "deleted":
            del self._rollouts[name]
            self._fleets.stop(name)
            store.endpoints.write(name, None, moment)
            store.tags.write(store.arn("endpoint", name), None, moment)
            return
        if event == "provisioned":
            reason = self._failure_of(rollout.config) or self._fleets.start(name, rollout.config)
            if reason:
                rollout.fail(reason, moment, store.settings)
                if not rollout.is_creation:
                    self._change(endpoint, moment, EndpointStatus="RollingBack")
                return
            rollout.provisioned(moment)
        elif event == "failed":
            del self._rollouts[name]
            self._change(endpoint, moment, EndpointStatus="Failed", FailureReason=rollout.failure_reason)
        elif event == "alarmed":
            rollout.fail("", moment, store.settings)
            self._change(endpoint, moment, EndpointStatus="RollingBack")
        elif event == "rolled back":
            del self._rollouts[name]
            self._fleets.discard(name)
            without = {member: value for member, value in endpoint.items() if member != "PendingDeploymentSummary"}
            self._change(without, moment, EndpointStatus="InService", FailureReason=rollout.failure_reason)
        elif event == "done":
            del self._rollouts[name]
            self._fleets.shift(name)
            without = {
                member: value
                for member, value in endpoint.items()
                if member not in {"PendingDeploymentSummary", "FailureReason"}
            }
            summaries = summaries_of(rollout.config, rollout.retained)
            config_name = rollout.config["EndpointConfigName"]
            self._change(
                without,
                moment,
                EndpointStatus="InService",
                EndpointConfigName=config_name,
                **summaries,
            )

    def _failure_of(self, config: Document) -> str:
        for part, reason in self._store.settings.failure_reasons.items():
            if part == "*" or part in config["EndpointConfigName"]:
                return reason
        return ""

    def _change(self, endpoint: Document, at: float | None = None, **changed: Any) -> None:
        moment = self._now if at is None else at
        record = {
            **endpoint,
            **changed,
            "LastModifiedTime": type(endpoint["CreationTime"]).fromtimestamp(moment, endpoint["CreationTime"].tzinfo),
        }
        if not record.get("FailureReason"):
            record.pop("FailureReason", None)
        self._store.endpoints.write(endpoint["EndpointName"], record, moment)

    def _current(self, name: str) -> Document:
        self.catch_up()
        endpoint = self._store.endpoints.current(name)
        if endpoint is None:
            raise not_found("endpoint", self._store.arn("endpoint", name))
        return endpoint

    def _config(self, name: str) -> Document:
        """Look a config and its models up as the service does, with eventually consistent reads."""
        store = self._store
        config = store.look_up(store.configs, name)
        if config is None:
            raise not_found("endpoint configuration", store.arn("endpoint-config", name))
        for variant in variants(config):
            model = variant.get("ModelName")
            if model and store.models.read(model, self._now) is None:
                raise not_found("model", store.arn("model", model))
        return config


def summaries_of(config: Document, retained: list[Document] | None = None) -> Document:
    """Describe the variants of a config that has gone live."""
    kept = {summary["VariantName"]: summary for summary in retained or []}
    described = {}
    for kind in ("ProductionVariants", "ShadowProductionVariants"):
        if config.get(kind):
            described[kind] = [_summary(variant, kept.get(variant["VariantName"])) for variant in config[kind]]
    return described


def _summary(variant: Document, kept: Document | None) -> Document:
    weight: float = kept["CurrentWeight"] if kept else float(variant.get("InitialVariantWeight", 1.0))
    summary: Document = {"VariantName": variant["VariantName"], "CurrentWeight": weight, "DesiredWeight": weight}
    if "ServerlessConfig" in variant:
        return {
            **summary,
            "CurrentServerlessConfig": variant["ServerlessConfig"],
            "DesiredServerlessConfig": variant["ServerlessConfig"],
        }
    count = (
        kept["CurrentInstanceCount"]
        if kept and "CurrentInstanceCount" in kept
        else variant.get("InitialInstanceCount", 1)
    )
    return {**summary, "CurrentInstanceCount": count, "DesiredInstanceCount": count}


def _scaled(summary: Document, wanted: Document) -> Document:
    weight: Any = wanted.get("DesiredWeight", summary["CurrentWeight"])
    changed = {**summary, "CurrentWeight": weight, "DesiredWeight": weight}
    if "CurrentInstanceCount" in summary:
        count = wanted.get("DesiredInstanceCount", summary["CurrentInstanceCount"])
        changed |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
    return changed
