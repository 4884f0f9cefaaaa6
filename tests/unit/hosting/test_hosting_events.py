"""The events that SageMaker sends of its endpoints: what they say, and how they arrive."""

from __future__ import annotations

from statistics import median, quantiles

import pytest

from deployer.json_document import Document
from local.simulator import EventDelivery, Settings
from local.simulator.endpoint_events import DEPLOYMENT_STATE_CHANGE, STATE_CHANGE
from tests.unit.hosting.account import ARN, Account, canary, images, serverless, variant

AT_ONCE = EventDelivery(seconds=(0.0, 0.0))


def listening(settings: Settings | None = None) -> tuple[Account, list[Document]]:
    """Make an account, and a list of the events that have arrived."""
    arrived: list[Document] = []
    return Account(settings=settings or Settings(events=AT_ONCE), options={"on_event": arrived.append}), arrived


def wait_for_events(account: Account, seconds: float) -> None:
    """Let time pass, and look every second."""
    for _ in range(round(seconds)):
        account.clock.sleep(1)
        account.simulator.catch_up()


def statuses(events: list[Document], kind: str = STATE_CHANGE) -> list[str]:
    """Return the statuses that events of a kind report, in order."""
    return [event["detail"]["EndpointStatus"] for event in events if event["detail-type"] == kind]


def test_a_status_event_is_as_sagemaker_sends_it() -> None:
    """The status is spelled in upper case, times are in milliseconds, and tags are an object."""
    account, events = listening()
    account.create_model()
    account.create_config()
    account.sagemaker.create_endpoint(EndpointName="E", EndpointConfigName="c", Tags=[{"Key": "team", "Value": "x"}])

    wait_for_events(account, account.settings.create_seconds)

    assert statuses(events) == ["CREATING", "IN_SERVICE"]
    began, ended = events
    created = 1000 * 1_790_000_000
    assert began["source"] == "aws.sagemaker"
    assert began["resources"] == [f"{ARN}endpoint/e"]
    assert ended["detail"] == {
        "EndpointName": "E",
        "EndpointArn": f"{ARN}endpoint/e",
        "EndpointConfigName": "c",
        "EndpointStatus": "IN_SERVICE",
        "ProductionVariants": [
            {
                "VariantName": "A",
                "DeployedImages": images("m", created),
                "CurrentWeight": 1.0,
                "DesiredWeight": 1.0,
                "CurrentInstanceCount": 1,
                "DesiredInstanceCount": 1,
            }
        ],
        "CreationTime": created,
        "LastModifiedTime": created + round(1000 * account.settings.create_seconds),
        "Tags": {"team": "x"},
    }


def test_a_deployment_shows_each_stage() -> None:
    """An update sends its own events: with the summary of what is pending, and one without it in the end."""
    account, events = listening()
    account.serve()
    account.create_model("n")
    account.update(canary())

    wait_for_events(account, 2000)

    details = [event["detail"] for event in events if event["detail-type"] == DEPLOYMENT_STATE_CHANGE]
    pending = [each["PendingDeploymentSummary"] for each in details[:-1]]
    stages = [each["ProductionVariants"][0].get("VariantStatus", [{}])[0].get("Status") for each in pending]
    assert [stage for stage in stages if stage] == ["Creating", *["ActivatingTraffic", "Baking"] * 2]
    assert {each["EndpointConfigName"] for each in pending} == {"d"}
    assert isinstance(pending[0]["StartTime"], int)
    assert (details[-1]["EndpointStatus"], details[-1]["EndpointConfigName"]) == ("IN_SERVICE", "d")
    assert "PendingDeploymentSummary" not in details[-1]


def test_endpoints_without_guardrails_send_no_deployment_events() -> None:
    """Serverless endpoints are excluded from them; the event of their status is sent all the same."""
    account, events = listening()
    account.serve(serverless())
    account.create_model("n")
    account.update(None, serverless(ModelName="n"))

    wait_for_events(account, 600)

    assert statuses(events)[-2:] == ["UPDATING", "IN_SERVICE"]
    assert statuses(events, DEPLOYMENT_STATE_CHANGE) == []


def test_a_call_that_is_refused_sends_nothing() -> None:
    """An event is sent only after a change."""
    account, events = listening()
    account.serve()
    wait_for_events(account, 1)
    before = len(events)

    with pytest.raises(Exception, match="Could not find"):
        account.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="missing")
    wait_for_events(account, 60)

    assert len(events) == before


def delays(delivery: EventDelivery, count: int = 400) -> list[float]:
    """Return after how many seconds the events of so many new endpoints arrive."""
    account, events = listening(Settings(events=delivery, create_seconds=1e9))
    began = account.clock.now()
    account.create_model()
    account.create_config()
    for number in range(count):
        account.create_endpoint(f"e{number}")
    seen: list[float] = []
    for _ in range(8000):
        account.clock.sleep(0.1)
        account.simulator.catch_up()
        seen += [account.clock.now() - began] * (len(events) - len(seen))
    return seen


def test_events_arrive_within_seconds() -> None:
    """Unless settings say otherwise: in about a second, and 95 of 100 in less than four."""
    seen = delays(EventDelivery())

    assert len(seen) == 400
    assert 0.7 < median(seen) < 1.4
    assert quantiles(seen, n=20)[-1] < 5


@pytest.mark.parametrize(
    ("delivery", "least", "most"),
    [
        (EventDelivery(lost=1.0), 0, 0),
        (EventDelivery(lost=0.5), 150, 250),
        (EventDelivery(doubled=1.0), 800, 800),
        (EventDelivery(doubled=0.5), 550, 650),
    ],
)
def test_events_are_lost_and_doubled(delivery: EventDelivery, least: int, most: int) -> None:
    """The settings have the probability of each."""
    assert least <= len(delays(delivery)) <= most


def test_early_events_arrive_with_the_change() -> None:
    """The event arrives before the caller can wait for it."""
    account, events = listening(Settings(events=EventDelivery(early=1.0)))
    account.create_model()
    account.create_config()
    account.create_endpoint()

    account.simulator.catch_up()

    assert statuses(events) == ["CREATING"]


def test_late_events_take_minutes() -> None:
    """Each within the bounds that the settings give."""
    seen = delays(EventDelivery(late=1.0, late_seconds=(120.0, 240.0)), count=50)

    assert len(seen) == 50
    assert 119 < min(seen) <= max(seen) < 241


def test_one_seed_gives_one_delivery() -> None:
    """Another one gives another."""
    delivery = EventDelivery(lost=0.3, doubled=0.3)

    assert delays(delivery, 30) == delays(delivery, 30)


def test_due_events_are_announced() -> None:
    """A caller of `catch_up` at the announced moments gets every event when it arrives."""
    due: list[float] = []
    arrived: list[tuple[float, str]] = []
    account = Account(settings=Settings(events=EventDelivery(seconds=(2.0, 2.0))))
    account.options |= {
        "on_due": due.append,
        "on_event": lambda event: arrived.append((account.clock.now(), event["detail"]["EndpointStatus"])),
    }
    account.__post_init__()
    began = account.clock.now()
    account.create_model()
    account.create_config("c", variant())
    account.create_endpoint()

    while due:
        account.clock.seconds = due.pop(0)
        account.simulator.catch_up()

    assert arrived == [(began + 2, "CREATING"), (began + account.settings.create_seconds + 2, "IN_SERVICE")]
