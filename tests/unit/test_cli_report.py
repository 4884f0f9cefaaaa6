"""The report of an execution: its timeline, its drawings, and the page that needs nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from endpoint_deployer.aws.history import Moment
from endpoint_deployer.report import drawings
from endpoint_deployer.report.page import page, picture
from endpoint_deployer.report.timeline import edges_of, looks_of, visits_of
from tests.template.shipped import read_definition

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
VOID = {"meta", "link", "br", "img", "hr"}
NASTY = '</script><script>alert("&")</script>'


def moment(seconds: float, state: str, kind: str, **more: Any) -> Moment:
    """Build what happened some seconds after noon."""
    return Moment(NOON + timedelta(seconds=seconds), state, kind, **more)


def look(seconds: float, status: str, share: float) -> Moment:
    """Build a look at an endpoint of which the new fleet has a share of the traffic."""
    variants = [
        {"VariantName": "A", "Fleet": "Live", "Stage": None, "Weight": 2.0},
        {"VariantName": "A", "Fleet": "New", "Stage": "Baking", "Weight": 2.0 * share},
    ]
    payload = {"Payload": {"InService": False, "EndpointStatus": status, "Variants": variants}}
    return moment(seconds, "DescribeEndpoint", "TaskSubmitted", data=payload)


MOMENTS = [
    moment(0, "", "ExecutionStarted"),
    moment(0, "PlanDeployment", "TaskStateEntered"),
    moment(0, "PlanDeployment", "LambdaFunctionScheduled"),
    moment(1, "PlanDeployment", "LambdaFunctionFailed", error="SageMakerThrottledError", cause="Rate exceeded"),
    moment(3, "PlanDeployment", "LambdaFunctionScheduled"),
    moment(4, "PlanDeployment", "TaskStateExited"),
    moment(4, "ChooseAction", "ChoiceStateEntered"),
    moment(4, "StoreRevision", "TaskStateEntered"),
    moment(4, "StoreRevision", "LambdaFunctionScheduled"),
    moment(5, "StoreRevision", "TaskStateExited"),
    moment(5, "DescribeEndpoint", "TaskStateEntered"),
    moment(5, "DescribeEndpoint", "TaskScheduled"),
    look(6, "Updating", 0.1),
    moment(60, "DescribeEndpoint", "TaskTimedOut", error="States.Timeout"),
    moment(60, "DescribeEndpoint", "TaskScheduled"),
    look(61, "Updating", 1.0),
    moment(70, "DescribeEndpoint", "TaskFailed", error="EndpointFailedError", cause=NASTY),
    moment(71, "DescribeEndpoint", "TaskStateExited"),
    moment(71, "Failed", "FailStateEntered"),
    moment(71, "", "ExecutionFailed", error="EndpointFailedError"),
]
VISITS = [visit.document() for visit in visits_of(MOMENTS)]


def report(**changed: Any) -> dict[str, Any]:
    """Build the data of a report."""
    return {
        "EndpointName": "churn",
        "Outcome": "Failed",
        "Title": "by hand",
        "Error": "EndpointFailedError",
        "Cause": NASTY,
        "Meaning": {"what to do": "Read the reason."},
        "StartedAt": NOON.isoformat(),
        "EndedAt": (NOON + timedelta(seconds=71)).isoformat(),
        "Until": (NOON + timedelta(seconds=71)).isoformat(),
        "Execution": "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1",
        "Alarms": [{"AlarmName": "churn-5xx", "At": NOON.isoformat(), "Reason": "errors"}],
        "LogLines": ["Traceback", NASTY],
        "Visits": VISITS,
        "Looks": [*looks_of(MOMENTS)],
        "Changes": [{"Path": "Tags.team", "Before": "a", "After": NASTY}],
        "Definition": read_definition("DeployEndpoint"),
        **changed,
    }


class StrictParser(HTMLParser):
    """Collects the elements of a page, and refuses one that is not closed in its turn."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that begins."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that holds nothing."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the newest element that is open."""
        assert self.open.pop() == tag


def test_visits_have_their_retries_and_their_time() -> None:
    assert [(visit["State"], visit["Seconds"], visit["Attempts"], len(visit["Failures"])) for visit in VISITS] == [
        ("PlanDeployment", 4, 2, 1),
        ("ChooseAction", 0, 0, 0),
        ("StoreRevision", 1, 1, 0),
        ("DescribeEndpoint", 66, 2, 1),
        ("Failed", 0, 0, 0),
    ]


def test_looks_tell_the_share_of_the_new_fleet() -> None:
    """Whatever the weights add up to."""
    found = [*looks_of(MOMENTS)]

    assert [(each["EndpointStatus"], each["NewFleetShare"]) for each in found] == [("Updating", 0.1), ("Updating", 1.0)]
    assert found[0]["Stages"] == ["New: Baking"]


def test_new_revision_has_all_traffic_until_the_endpoint_is_restored() -> None:
    """A resting endpoint has one fleet, which is described as the live one."""
    done = {
        "Payload": {"InService": True, "EndpointStatus": "InService", "Variants": [{"Fleet": "Live", "Weight": 1.0}]}
    }
    moments = [
        moment(1, "DescribeEndpoint", "TaskSubmitted", data=done),
        moment(2, "RestoreEndpoint", "LambdaFunctionSucceeded", data={"Done": False, "Restored": None}),
        moment(3, "RestoreEndpoint", "LambdaFunctionSucceeded", data={"Done": True, "Restored": "churn-1"}),
    ]

    assert [each["NewFleetShare"] for each in looks_of(moments)] == [1.0, 0.0]


def test_machine_shows_every_state_and_the_way_taken() -> None:
    definition = read_definition("DeployEndpoint")

    svg = ET.fromstring(drawings.machine(definition, VISITS))  # noqa: S314 - our own

    boxes = [group for group in svg if group.get("class") in {"box", "taken", "failed"}]
    named = {"".join(group.itertext()).removeprefix(group[0].text or ""): group.get("class") for group in boxes}
    assert set(named) == set(definition["States"])
    assert named["PlanDeployment"] == named["Failed"] == "taken"
    assert named["CreateModels"] == "box"
    assert len([path for path in svg if path.get("class") == "way"]) == len(VISITS) - 1
    assert {kind for _, _, kind in edges_of(definition)} == {"next", "choice", "catch"}


def test_timeline_and_traffic_are_drawn_to_scale() -> None:
    bars = ET.fromstring(drawings.timeline(VISITS)).findall(".//{*}rect")  # noqa: S314 - our own
    points = ET.fromstring(drawings.traffic(report()["Looks"], report()["Until"])).findall(".//{*}circle")  # noqa: S314 - our own

    plan, store, describe = (float(bar.get("width", "0")) for bar in bars)
    assert plan / store == pytest.approx(4, rel=0.1)
    assert describe / plan == pytest.approx(66 / 4, rel=0.1)
    low, high = (float(point.get("cy", "0")) for point in points)
    assert low > high


def test_page_is_whole_and_needs_nothing_else() -> None:
    parser = StrictParser()
    html = page(report())

    parser.feed(html)
    parser.close()

    assert parser.open == []
    assert [tag for tag, _ in parser.elements].count("svg") == 3
    assert [tag for tag, _ in parser.elements].count("script") == 1
    assert not [
        value for _, attributes in parser.elements for name, value in attributes.items() if name in {"src", "href"}
    ]
    assert "url(" not in html
    assert "@import" not in html
    assert "prefers-color-scheme: dark" in html
    assert 'alert("' not in html.partition('id="data"')[0]


def test_page_holds_its_data() -> None:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page(report()), re.DOTALL)

    assert found
    assert json.loads(found[1]) == json.loads(json.dumps(report()))


def test_page_without_looks_changes_and_failures_leaves_these_sections_out() -> None:
    empty = report(Looks=[], Changes=[], LogLines=None, Visits=VISITS[1:3], Alarms=[])

    headings = re.findall(r"<h2>(.*?)</h2>", page(empty))

    assert headings == ["Timeline", "The path through the state machine"]


def test_picture_is_an_svg_with_the_colours_of_the_page() -> None:
    svg = ET.fromstring(picture(report()))  # noqa: S314 - our own

    texts = {text.text for text in svg.findall("{*}text")}
    assert texts == {"The new fleet's share of the traffic", "Timeline"}
    assert "--paper" in str(svg.findtext("{*}style"))


@pytest.mark.skipif(BROWSER is None, reason="no browser is installed; the page is parsed strictly above")
def test_browser_draws_the_page_for_light_and_for_dark(tmp_path: Path) -> None:
    """The same page gives two pictures, and the text of both is there."""
    path = tmp_path / "report.html"
    path.write_text(page(report()), encoding="utf-8")
    common = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1000,1600",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]  # fmt: skip

    pictures = []
    for scheme in (1, 0):
        picture = tmp_path / f"{scheme}.png"
        scheme_option = f"--blink-settings=preferredColorScheme={scheme}"
        command = [*common, scheme_option, f"--screenshot={picture}", path.as_uri()]
        subprocess.run(command, check=True, timeout=60, capture_output=True)  # noqa: S603 - fixed arguments
        pictures.append(picture.read_bytes())
    dumped = subprocess.run(  # noqa: S603 - fixed arguments
        [*common, "--dump-dom", path.as_uri()], check=True, timeout=60, capture_output=True, text=True
    )

    assert pictures[0] != pictures[1]
    assert all(picture.startswith(b"\x89PNG") and len(picture) > 20_000 for picture in pictures)
    assert dumped.stdout.count("<svg") == 3
    assert "The new fleet's share of the traffic" in dumped.stdout
