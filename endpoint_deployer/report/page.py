"""The page of a report: one HTML file that needs nothing else, for light and for dark. Pure."""

from __future__ import annotations

import json
from html import escape
from string import Template
from typing import TYPE_CHECKING

from endpoint_deployer.report import drawings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from endpoint_deployer.json_document import Document

_GOOD = {"Deployed", "NothingToDo", "Planned"}

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2430; --quiet: #667085; --line: #d0d5dd; --box: #f2f4f7;
  --good: #067647; --bad: #b42318; --way: #175cd3; --taken: #d1e0ff; --failed: #fee4e2; --waited: #eaecf0; }
@media (prefers-color-scheme: dark) { :root { --paper: #101620; --ink: #e4e7ec; --quiet: #98a2b3; --line: #344054;
  --box: #1d2533; --good: #47cd89; --bad: #f97066; --way: #84adff; --taken: #1f3b73; --failed: #5c1f1a;
  --waited: #2b3445; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto;
  max-width: 960px; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; font-size: 1.15rem; }
.outcome { color: var(--$tone); } .quiet, dt { color: var(--quiet); fill: var(--quiet); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; } dd { margin: 0; }
pre, td, dd { overflow-wrap: anywhere; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; } th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem
  .3rem 0; text-align: left; vertical-align: top; } td:first-child { min-width: 13rem; }
th { color: var(--quiet); font-weight: 500; } .words td:not(:last-child) { white-space: nowrap; }
svg { max-width: 100%; height: auto; display: block; font: 12px system-ui, sans-serif; } svg text { fill: var(--ink); }
.box rect { fill: var(--box); stroke: var(--line); } .box text { fill: var(--quiet); }
.taken rect { fill: var(--taken); stroke: var(--way); } .failed rect { fill: var(--failed); stroke: var(--bad); }
.waited rect { fill: var(--waited); stroke: var(--line); } .line { fill: none; stroke: var(--line); }
.way { fill: none; stroke: var(--way); stroke-width: 2.5; } .retry { fill: var(--bad); } .look { fill: var(--way); }
svg text.quiet { fill: var(--quiet); }
@media (max-width: 640px) { section { overflow-x: auto; } svg { min-width: 40rem; } table { min-width: 34rem; }
  .words { min-width: 52rem; } }
</style>
</head>
<body>
<h1>$endpoint <span class="outcome">$outcome</span></h1>
<p class="quiet">$subtitle</p>
<dl>$facts</dl>
$sections
<script type="application/json" id="data">$data</script>
</body>
</html>
""")


def page(report: Document) -> str:
    """Return the page of a report; its data are in it, too, as JSON in the element `data`."""
    sections = {
        "What changed": _changes(report["Changes"]),
        "The new fleet's share of the traffic": drawings.traffic(report["Looks"], report["Until"]),
        "Timeline": drawings.timeline(report["Visits"]),
        "Retries and failures": _failures(report["Visits"]),
        "The container's log": _log(report.get("LogLines")),
        "The path through the state machine": drawings.machine(report["Definition"], report["Visits"]),
    }
    return _PAGE.substitute(
        title=escape(f"{report.get('EndpointName', '')} {report['Outcome']}"),
        tone="good" if report["Outcome"] in _GOOD else "bad",
        endpoint=escape(report.get("EndpointName", "")),
        outcome=escape(report["Outcome"]),
        subtitle=escape(report["Title"]),
        facts="".join(_facts(report)),
        sections="".join(f"<section><h2>{name}</h2>{body}</section>" for name, body in sections.items() if body),
        # A closing tag in a text would end the element.
        data=json.dumps(report).replace("</", "<\\/"),
    )


def _facts(report: Document) -> Iterator[str]:
    facts = {
        "error": report.get("Error"),
        "cause": report.get("Cause"),
        "reason": report.get("Reason"),
        **report.get("Meaning", {}),
        "next step": report.get("NextAction"),
        "revision": report.get("Revision"),
        "served before": report.get("Previous"),
        "restored": report.get("Restored"),
        "started": report["StartedAt"],
        "ended": report.get("EndedAt"),
    }
    for name, value in facts.items():
        if value:
            yield f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>"
    for alarm in report.get("Alarms", []):
        yield f"<dt>alarm</dt><dd>{escape(alarm['AlarmName'])} at {alarm['At']}: {escape(alarm['Reason'] or '')}</dd>"


def _changes(changes: list[Document]) -> str:
    rows = [[each["Path"], each.get("Before", ""), each.get("After", "")] for each in changes]
    return _table(["field", "before", "after"], rows)


def _failures(visits: list[Document]) -> str:
    rows = [
        [failure["At"], visit["State"], failure["Error"], failure["Cause"]]
        for visit in visits
        for failure in visit["Failures"]
    ]
    return _table(["when", "state", "error", "cause"], rows, kind="words")


def _log(lines: list[str] | str | None) -> str:
    text = "\n".join(lines) if isinstance(lines, list) else lines
    return f"<pre>{escape(text)}</pre>" if text else ""


def _table(headings: list[str], rows: list[list[object]], kind: str = "") -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
