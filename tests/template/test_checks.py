"""What `make lint` and `make checkov` check, and what checkov skips."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from deployer.json_document import Document
from tests.template.shipped import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CHECKOV = (ROOT / ".checkov.yaml").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def recipe(target: str) -> str:
    """Return the commands of a target."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found, target
    return found[1]


def test_each_skipped_check_has_its_reason() -> None:
    """A comment stands above each one, and nothing else is in the file."""
    document = yaml.safe_load(CHECKOV)
    entries = re.findall(r"^(?:  # .+\n)+  - (CKV_\w+)$", CHECKOV, re.MULTILINE)

    assert list(document) == ["skip-check"]
    assert entries == document["skip-check"]
    assert len(entries) == len(set(entries))


def test_exception_of_one_resource_stands_with_it(resources: Document) -> None:
    """It has a reason, too, and is not skipped already."""
    skipped = [
        skip
        for resource in resources.values()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]

    assert skipped
    for skip in skipped:
        assert skip["comment"]
        assert skip["id"] not in yaml.safe_load(CHECKOV)["skip-check"]


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("checkov", "--config-file .checkov.yaml"),
        ("lint", "codespell"),
        ("lint", "vulture"),
        ("lint", "-m local.asl_format --check"),
        ("format", "-m local.asl_format"),
        ("lint", "cfn-lint --non-zero-exit-code warning template.yaml"),
        ("lint", "sam validate"),
    ],
)
def test_target_runs_the_check(target: str, command: str) -> None:
    assert command in recipe(target)


def spelling_of(text: str, file: Path) -> subprocess.CompletedProcess[str]:
    file.write_text(text)
    config = ["--toml", str(ROOT / "pyproject.toml")]
    return subprocess.run(  # noqa: S603 - fixed arguments
        [sys.executable, "-m", "codespell_lib", *config, str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["code.py", "page.md", "definition.asl.json", "template.yaml", "Makefile"])
def test_misspelling_is_found_in_every_kind_of_file(tmp_path: Path, name: str) -> None:
    checked = spelling_of('"""Recie' + 've an endpoint."""\n', tmp_path / name)  # codespell reads this file, too

    assert checked.returncode != 0
    assert "==> Receive" in checked.stdout


def test_word_of_a_name_is_found(tmp_path: Path) -> None:
    """A name in code is made of words, and each of them is checked."""
    checked = spelling_of("def test_limit_is_to" + "ld() -> None: ...\n", tmp_path / "code.py")

    assert checked.returncode != 0
    assert "==> said" in checked.stdout


def test_names_of_tests_use_nouns() -> None:
    """A name says a subject, a condition and a result; a pronoun in place of a noun has to be read twice."""
    pronouns = re.compile(r"_(?:what|who|(?:what|who)ever|(?:some|any|no)body|(?:some|any)thing)(?=_|$)")
    names = [
        name
        for module in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"^ *(?:async )?def (test_\w+)", module.read_text(), re.MULTILINE)
    ]

    assert names
    assert [name for name in names if pronouns.search(name)] == []
