"""Tries a sample of the deployer's mutants, and says which survive. `python -m local.mutants`."""

from __future__ import annotations

import ast
import hashlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer
import yaml
from rich.console import Console

from local.environment import ROOT
from local.mutants.mutant_runner import NOT_REACHED, SURVIVED, MutantRunner
from local.mutants.operators import Mutant, mutants_of
from local.mutants.reach import ANY, FUNCTIONS, Reach
from local.mutants.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DATA = ROOT / ".cache" / "mutants" / "coverage"
_VERDICTS = ROOT / ".cache" / "mutants" / "verdicts.json"
_COPY = ROOT / ".cache" / "mutants" / "copy"
_EXPLAINED = ROOT / "local" / "mutants" / "survivors.yaml"
_MOST = 0.05
"""The part of the mutants that may survive, explained or not."""


def main(
    *,
    count: Annotated[int, typer.Option(help="How many mutants to try; 0 for all.")] = 150,
    seed: Annotated[int, typer.Option(help="Chooses them.")] = 0,
    within: Annotated[str, typer.Option(help="Try only modules whose path has this.")] = "deployer/",
    resume: Annotated[bool, typer.Option(help="Believe an earlier run in what tests have noticed.")] = False,
) -> None:
    """Try mutants, and fail if more survive than may, or one that nobody has explained."""
    console, reach = Console(highlight=False, soft_wrap=True), Reach(_DATA)
    mutants = [mutant for path in sorted(FUNCTIONS.rglob("*.py")) for mutant in _mutants_in(path, within)]
    chosen = sorted(mutants, key=lambda mutant: _rank(mutant, seed))[: count or None]
    explained: dict[str, str] = yaml.safe_load(_EXPLAINED.read_text()) or {}
    verdicts, runner = Verdicts(_VERDICTS, is_resumed=resume), MutantRunner(_COPY)
    runner.prepare()
    survived: list[Mutant] = []
    for number, mutant in enumerate(chosen, start=1):
        verdict = verdicts.of(mutant) or runner.try_out(mutant, reach.tests_of(mutant.module, *_lines_of(mutant)))
        verdicts.keep(mutant, verdict)
        if verdict in {SURVIVED, NOT_REACHED}:
            survived.append(mutant)
            verdict = "explained" if mutant.key in explained else verdict
        console.print(f"{number:4} {mutant.module}:{mutant.line}: {verdict}\n     {mutant.before} -> {mutant.after}")
    runner.check(verdicts.all())
    rate, unexplained = len(survived) / len(chosen), [each for each in survived if each.key not in explained]
    console.print(
        f"{len(survived)} of {len(chosen)} mutants survive ({rate:.1%}), {len(unexplained)} of them unexplained"
    )
    sys.exit(1 if rate > _MOST or unexplained else 0)


def _rank(mutant: Mutant, seed: int) -> str:
    """Return the place of a mutant among all, by chance; it stays while other mutants come and go."""
    return hashlib.sha256(f"{seed} {mutant.key}".encode()).hexdigest()


def _mutants_in(path: Path, within: str) -> Iterator[Mutant]:
    module = path.relative_to(FUNCTIONS).as_posix()
    if within in module:
        yield from mutants_of(module, path.read_text())


def _lines_of(mutant: Mutant) -> tuple[int, int]:
    """Return the first and the last line of the statement that a mutant changes; 0 for one that an import runs."""
    nodes = list(ast.walk(ast.parse((FUNCTIONS / mutant.module).read_text())))
    bodies = [node.body for node in nodes if isinstance(node, ast.FunctionDef)]
    if not any(body[0].lineno <= mutant.line <= (body[-1].end_lineno or 0) for body in bodies):
        return ANY, ANY
    statements = [
        node
        for node in nodes
        if isinstance(node, ast.stmt)
        and not hasattr(node, "body")
        and node.lineno <= mutant.line <= (node.end_lineno or node.lineno)
    ]
    nearest = max(statements, key=lambda node: node.lineno, default=None)
    return (nearest.lineno, nearest.end_lineno or nearest.lineno) if nearest else (mutant.line, mutant.line)


if __name__ == "__main__":
    typer.run(main)
