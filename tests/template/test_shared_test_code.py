"""What several test modules use has a module of its own, or is a fixture in a conftest."""

from __future__ import annotations

import re

from local.environment import ROOT

_IMPORT = re.compile(r"^\s*from (tests(?:\.\w+)*\.test_\w+) import", re.MULTILINE)


def test_no_module_imports_from_a_test_module() -> None:
    """Pytest would run an imported test twice, and a fixture is found by its name only where a conftest has it."""
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / "tests").rglob("*.py")
        for name in _IMPORT.findall(path.read_text(encoding="utf-8"))
    }

    assert found == set()
