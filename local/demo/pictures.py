"""The pictures of the documents: what the demo and the command line print, and a report, each from a real run."""

import io
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import typer
import yaml
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from endpoint_deployer.aws.runs import Runs
from endpoint_deployer.aws.stack import Stack as NamedStack
from endpoint_deployer.commands.deployments import plan
from endpoint_deployer.commands.explaining import report_of
from endpoint_deployer.commands.reading import watch
from endpoint_deployer.console import Invocation
from endpoint_deployer.report.page import page
from local.aws.errors import LocalAwsError
from local.aws.stack import Stack
from local.browser.browser import Browser, find_browser
from local.demo.sample.training import MANIFEST
from local.environment import STACK_NAME
from local.json_document import Document

_COLUMNS = 140
_REPORT_WIDTH, _REPORT_HEIGHT = 1000, 1000
_UPPER_PART = """[...document.querySelectorAll('section')].find(
  section => section.innerText.startsWith('Timeline')).getBoundingClientRect().bottom"""
# Without the fonts that rich would have a browser fetch.
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


class _LocalStack(NamedStack):
    """The stack on local AWS, as the command line knows it.

    Args:
        stack: The stack.
    """

    def __init__(self, stack: Stack) -> None:
        super().__init__(STACK_NAME)
        self._server = stack.server

    def client(self, service: str) -> Any:
        """Return a client of local AWS."""
        return self._server.client(service)


def recording_console() -> Console:
    """Return a console that remembers what is printed, colours included, and prints nothing."""
    return Console(highlight=False, record=True, force_terminal=False, width=_COLUMNS, file=io.StringIO())


def save(console: Console, path: Path, title: str) -> None:
    """Draw what a console has printed."""
    console.save_svg(str(path), title=title, code_format=_FORMAT)


def draw_commands(stack: Stack, folder: Path) -> None:
    """Draw what `plan` and `watch` print after the demo, and the report of the deployment that failed.

    Args:
        stack: The stack, on which the demo has run.
        folder: Where the pictures go.
    """
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    runs = Runs(_LocalStack(stack))
    failed = next(run for run in runs.of_endpoint(manifest["EndpointName"]) if run.outcome == "Failed")
    with TemporaryDirectory() as temporary:
        changed = Path(temporary) / "deployment.yaml"
        changed.write_text(yaml.safe_dump(_changed(manifest)), encoding="utf-8")
        _draw(stack, folder / "plan.svg", "plan tumours/", lambda context: plan(context, str(changed)))
    _draw(stack, folder / "watch.svg", "watch tumours", lambda context: watch(context, failed.arn))
    _draw_report(report_of(_LocalStack(stack), runs, failed), folder)


def _changed(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the demo's manifest with other instances, and a variable more."""
    config = manifest["EndpointConfig"]
    variant = {**config["ProductionVariants"][0], "InstanceType": "ml.c5.xlarge", "InitialInstanceCount": 2}
    models = {
        key: {
            **model,
            "PrimaryContainer": {**model["PrimaryContainer"], "Environment": {"SAGEMAKER_MODEL_SERVER_WORKERS": "2"}},
        }
        for key, model in manifest["Models"].items()
    }
    return {**manifest, "Models": models, "EndpointConfig": {**config, "ProductionVariants": [variant]}}


def _draw(stack: Stack, path: Path, arguments: str, run: Callable[[Any], None]) -> None:
    console = recording_console()
    console.print(f"[dim]$[/] endpoint-deployer {arguments}")
    invocation = Invocation(_LocalStack(stack), console, Console(quiet=True))
    with suppress(typer.Exit):
        run(SimpleNamespace(obj=invocation))
    save(console, path, f"endpoint-deployer {arguments}")


def _draw_report(report: Document, folder: Path) -> None:
    """Take a picture of the upper part of a report, for a bright and for a dark page."""
    executable = find_browser()
    if executable is None:
        raise LocalAwsError("There is no browser to open the report in; `make browser` installs one.")
    with TemporaryDirectory() as temporary, Browser(executable) as browser:
        file = Path(temporary) / "report.html"
        file.write_text(page(report), encoding="utf-8")
        for scheme, name in (("light", "report.png"), ("dark", "report-dark.png")):
            browser.open(file.as_uri(), width=_REPORT_WIDTH, height=_REPORT_HEIGHT, scheme=scheme)
            (folder / name).write_bytes(browser.picture(height=browser.evaluate(_UPPER_PART)))
