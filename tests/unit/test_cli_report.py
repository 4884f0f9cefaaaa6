"""The report of an execution: its timeline, its drawings, and the page that needs nothing else."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from endpoint_deployer.report import drawings
from endpoint_deployer.report.page import page
from endpoint_deployer.report.timeline import edges_of, looks_of
from tests.template.shipped import read_definition
from tests.unit.report_samples import MOMENTS, VISITS, look, moment, report

VOID = {"meta", "link", "br", "img", "hr"}


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


def test_looks_show_the_share_of_the_new_fleet() -> None:
    """The sum of the weights does not matter."""
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


def test_new_fleet_has_no_traffic_after_a_rollback() -> None:
    moments = [look(1, "Updating", 0.25), moment(9, "DescribeEndpoint", "TaskFailed", error="UpdateRolledBackError")]

    assert [(each["EndpointStatus"], each["NewFleetShare"]) for each in looks_of(moments)] == [
        ("Updating", 0.25),
        ("rolled back", 0.0),
    ]


def test_machine_shows_every_state_and_the_path_taken() -> None:
    definition = read_definition("DeployEndpoint")

    svg = ET.fromstring(drawings.machine(definition, VISITS))  # noqa: S314 - our own

    boxes = [group for group in svg if group.get("class") in {"box", "taken", "failed"}]
    named = {"".join(group.itertext()).removeprefix(group[0].text or ""): group.get("class") for group in boxes}
    assert set(named) == set(definition["States"])
    assert (named["PlanDeployment"], named["Failed"]) == ("taken", "failed")
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
