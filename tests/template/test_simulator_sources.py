"""Each behaviour of the hosting simulator names where it is known from."""

from __future__ import annotations

import ast

import pytest

from tests.template.shipped import ROOT

OWN = {"__init__", "calls", "clock", "endpoint", "faults", "in_process", "operations", "simulator"}
"""Modules that imitate nothing: they hold parts together, or make what goes wrong."""

MODULES = sorted(path.stem for path in (ROOT / "local" / "simulator").glob("*.py"))


@pytest.mark.parametrize("module", [name for name in MODULES if name not in OWN])
def test_module_of_the_simulator_names_its_sources(module: str) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / "local" / "simulator" / f"{module}.py").read_text())) or ""

    assert any(line.startswith(("Source", "The source")) for line in docstring.splitlines()), docstring


def test_no_module_is_excused_in_vain() -> None:
    assert set(MODULES) >= OWN
