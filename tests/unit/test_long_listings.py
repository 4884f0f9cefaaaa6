"""A listing that is longer than what is read of it is an error by name: no part is taken for the whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from deployer.aws import monitoring, s3, s3_calls, s3_copy, sagemaker_calls, scaling_calls
from deployer.aws.monitoring import Monitoring
from deployer.aws.sagemaker import SageMaker
from deployer.errors import ListingTooLongError, MonitoringUnavailableError
from tests.unit.planning_samples import STACK, revision
from tests.unit.sweep.accounts import sweep_at_noon
from tests.unit.sweep_fakes import FakeSageMaker

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
PAGES = 3


class EndlessService:
    """A client whose every listing has a next page."""

    def __init__(self) -> None:
        self.calls = 0

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def answer(**parameters: Any) -> Any:
            self.calls += 1
            versions = [{"Key": parameters.get("Prefix"), "VersionId": str(self.calls)}]
            tokens = {"NextToken": "more", "NextContinuationToken": "more", "NextPartNumberMarker": 1}
            empty: dict[str, list[object]] = {"Endpoints": [], "Models": [], "Tags": [], "ScalableTargets": []}
            return {"IsTruncated": True, **tokens, **empty, "Versions": versions}

        return answer


def _parts(client: Any) -> object:
    return s3_copy.Copier(client, "b")._copied_parts({"Bucket": "b", "Key": "k", "UploadId": "u"}, {})


def _targets(client: Any) -> object:
    return scaling_calls.ScalingCalls(lambda _: client, "mine").targets("churn", ["A"])


LISTINGS: dict[str, tuple[ModuleType, str, Callable[[Any], object]]] = {
    "objects": (s3_calls, "MOST_PAGES", lambda client: list(s3.Objects(client).list_objects("b", "p/"))),
    "folders": (s3_calls, "MOST_PAGES", lambda client: list(s3.Objects(client).list_folders("b", "p/"))),
    "manifests": (s3_calls, "MOST_PAGES", lambda client: s3.Objects(client).manifest_in("b", "p")),
    "versions to delete": (s3, "MOST_PAGES", lambda client: s3.Objects(client).delete_permanently("b", "k")),
    "copied parts": (s3_copy, "_MOST_PAGES", _parts),
    "alarms": (monitoring, "_MOST_PAGES", lambda client: list(Monitoring(lambda _: client).list_alarms("mine/"))),
    "endpoints": (sagemaker_calls, "_MOST_PAGES", lambda client: list(SageMaker(client).list_endpoints())),
    "models": (sagemaker_calls, "_MOST_PAGES", lambda client: list(SageMaker(client).list_models())),
    "tags": (sagemaker_calls, "_MOST_PAGES", lambda client: SageMaker(client).tags_of("arn")),
    "scalable targets": (scaling_calls, "_MOST_PAGES", _targets),
}


@pytest.mark.parametrize(("module", "bound", "list_all"), LISTINGS.values(), ids=LISTINGS)
def test_listing_beyond_its_bound_is_an_error(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, bound: str, list_all: Callable[[Any], object]
) -> None:
    monkeypatch.setattr(module, bound, PAGES)
    client = EndlessService()

    with pytest.raises(ListingTooLongError, match=f"{PAGES} pages"):
        list_all(client)

    assert client.calls in {PAGES, 2 * PAGES}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"NextToken": "more"}, id="further pages"),
        pytest.param({"StatusCode": "PartialData"}, id="a part"),
        pytest.param({"StatusCode": "InternalError"}, id="a fault"),
    ],
)
def test_incomplete_invocations_are_not_taken_for_few(answer: dict[str, str]) -> None:
    """An endpoint would be reported as not invoked, though it is."""
    client: Any = boto3.client("cloudwatch")
    token = {name: value for name, value in answer.items() if name == "NextToken"}
    result = {"Id": "variant0", "Values": [], "StatusCode": "Complete", **answer}
    result.pop("NextToken", None)
    with Stubber(client) as stubber:
        stubber.add_response("get_metric_data", {"MetricDataResults": [result], **token})

        with pytest.raises(MonitoringUnavailableError, match="incomplete"):
            Monitoring(lambda _: client).invocations("churn", ["A"], MOMENT, MOMENT)


@pytest.mark.parametrize("listing", ["list_endpoints", "list_models", "list_endpoint_configs"])
def test_sweep_with_a_cut_listing_deletes_nothing(listing: str) -> None:
    """The endpoint that uses a config may be missing in a cut listing."""
    account = FakeSageMaker()
    account.add_config(revision("a").name, "churn-m-0123456789ab", at=MOMENT - timedelta(days=3), stack=STACK)
    account.add_model("churn-m-0123456789ab", MOMENT - timedelta(days=3), stack=STACK)

    def cut(method: str, _name: str) -> None:
        if method == listing:
            raise ListingTooLongError(f"{listing}: there are more")

    account.before_call = cut

    with pytest.raises(ListingTooLongError):
        sweep_at_noon(account)

    deleted = {method for method, _ in account.calls if method.startswith("delete")}
    assert deleted <= ({"delete_endpoint_config"} if listing == "list_models" else set())
