"""A change of a count by the command line: the endpoint keeps its config, and every command shows the live revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.local.command_line import CommandLine, write_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from local.aws.stack import Stack

ENDPOINT = "counted"


def test_change_of_a_count_is_planned_deployed_and_shown(stack: Stack, tmp_path: Path, artifact: bytes) -> None:
    """The config stays; plan, status, history and diff name the revision whose count it has."""
    command_line, folder = CommandLine(stack), tmp_path / ENDPOINT
    folder.mkdir()
    (folder / "model.tar.gz").write_bytes(artifact)
    write_manifest(folder, 1)
    command_line.run("deploy", str(folder), "--watch")
    base = stack.endpoint(ENDPOINT)["EndpointConfigName"]
    write_manifest(folder, 2)

    planned = command_line.run("plan", str(folder), status=2)
    command_line.run("deploy", str(folder), "--watch")

    assert f"{ENDPOINT} would get other weights or counts" in planned
    assert stack.endpoint(ENDPOINT)["EndpointConfigName"] == base
    live = command_line.json("status", ENDPOINT)["Live"]
    assert (live["Config"], live["State"]) == (base, "deployed")
    assert live["Revision"] > base
    printed = command_line.run("status", ENDPOINT)
    assert f"  config   {base} " in printed
    assert "  variant  AllTraffic: weight 1, instances 2" in printed
    rows = command_line.json("history", ENDPOINT)
    assert [(row["Revision"], row["IsLive"]) for row in rows] == [(live["Revision"], True), (base, False)]
    compared = command_line.json("diff", ENDPOINT)
    assert (compared["Before"], compared["After"]) == (base, live["Revision"])
    assert "nothing to do" in command_line.run("plan", ENDPOINT)
