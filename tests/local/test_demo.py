"""The demo, as a newcomer plays it."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from local import demo
from local.processes import ProgramFailedError
from local.settings import ROOT

if TYPE_CHECKING:
    import pytest

DEMO_SECONDS = 120


def test_demo_shows_a_deployment_from_upload_to_prediction() -> None:
    """It ends with status 0, and its plain lines tell of the uploads, the retries, the outcome and the predictions."""
    played = subprocess.run(
        [sys.executable, "-m", "local.demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )

    assert played.returncode == 0, played.stdout + played.stderr
    assert "\x1b" not in played.stdout
    for line in (
        r"models/tumours/model\.tar\.gz",
        r"CreateEndpointConfig +↻ ModelNotVisibleError",
        r"CreateEndpoint +↻ EndpointConfigNotVisibleError",
        r"The event bus was told: Deployed tumours-",
        r"tumours says malignant .* the model on this machine says malignant",
        r"tumours says benign .* the model on this machine says benign",
    ):
        assert re.search(line, played.stdout), line


def test_demo_that_fails_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever of it does not happen, the demo names it and does not end with status 0."""

    def fail() -> None:
        raise ProgramFailedError("sam build ended with status 1")

    monkeypatch.setattr(demo, "build", fail)

    assert demo.main() == 1
    assert "sam build ended with status 1" in capsys.readouterr().out
