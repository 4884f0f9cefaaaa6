"""The mistakes: small changes of a module's source, each at one place."""

from __future__ import annotations

import ast
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}

_LARGE = 10
"""From here on a number is doubled: of the waits, sizes and counts that large, one more is the same to everybody."""

_FOR_TYPES = frozenset({"frozen", "kw_only", "slots"})
"""Arguments that keep mistakes out of the code, and change nothing that it does."""


@dataclass(frozen=True)
class Mutant:
    """A module with one mistake.

    Attributes:
        module: Its path below `functions/`.
        line: The first line of the place.
        before: The place as it is.
        after: The place as it becomes; empty where a statement is left out.
        write: Returns the whole module with the mistake; few of the mutants are tried, so few are written.
    """

    module: str
    line: int
    before: str
    after: str
    write: Callable[[], str] = field(compare=False, repr=False)

    @cached_property
    def source(self) -> str:
        """The whole module with the mistake."""
        return self.write()

    @property
    def key(self) -> str:
        """The identity of the mutant, independent of line numbers: the module and the change."""
        return f"{self.module}: {self.before} -> {self.after or 'nothing'}"


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(source)
    for node, parent in _places(tree):
        # A constant by itself says little, and stands in many places.
        shown = parent if isinstance(node, ast.Constant) else node
        for changed in _changes(node):
            after = "" if isinstance(changed, ast.Pass) else _one_line(_replaced(shown, node, changed))
            write = partial(_written, tree, node, changed)
            yield Mutant(module, node.lineno, _one_line(shown), after, write)


def _replaced(tree: ast.AST, node: ast.AST, changed: ast.AST) -> ast.AST:
    """Return a copy of a tree with another node in the place of one."""
    index = next(index for index, each in enumerate(ast.walk(tree)) if each is node)
    copied = deepcopy(tree)
    place = next(islice(ast.walk(copied), index, None))
    return ast.fix_missing_locations(_Replacing(place, changed).visit(copied))


def _written(tree: ast.AST, node: ast.AST, changed: ast.AST) -> str:
    return ast.unparse(_replaced(tree, node, changed))


class _Replacing(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, place: ast.AST, changed: ast.AST) -> None:
        self._place, self._changed = place, changed

    def visit(self, node: ast.AST) -> ast.AST:
        return self._changed if node is self._place else super().visit(node)


def _places(tree: ast.Module) -> list[tuple[ast.expr | ast.stmt, ast.AST]]:
    """Return the places of a module that may be changed, each with what it stands in.

    They are what runs, and not what only type checkers read.
    """
    found: list[tuple[ast.expr | ast.stmt, ast.AST]] = []

    def look(node: ast.AST, parent: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        if isinstance(node, ast.keyword) and node.arg in _FOR_TYPES:
            return
        # No test compares what is written to the log: its words are for people, and nothing is decided by them.
        if isinstance(node, ast.Expr) and ast.unparse(node).startswith("logger."):
            return
        if isinstance(node, (ast.expr, ast.stmt)):
            found.append((node, parent))
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list"}:
                continue
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, ast.AST):
                    look(each, node)

    look(tree, tree)
    return found


def _changes(node: ast.expr | ast.stmt) -> Iterator[ast.expr | ast.stmt]:
    """Yield what a place is changed to."""
    return _of_expression(node) if isinstance(node, ast.expr) else _of_statement(node)


def _of_expression(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARISONS:
            yield ast.Compare(node.left, [_COMPARISONS[type(operator)]()], node.comparators)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp() if type(node.op) in _ARITHMETIC and not _is_text(node):
            yield ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=(int() | float()) as value):
            yield ast.Constant(value + 1 if value < _LARGE else 2 * value)
        case ast.IfExp():
            yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)


def _of_statement(node: ast.stmt) -> Iterator[ast.stmt]:
    match node:
        case ast.If() if not isinstance(node.test, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
            yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.Return(value=ast.expr()) if not isinstance(node.value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.YieldFrom() | ast.Yield()) | ast.Raise() | ast.Break() | ast.Continue():
            yield ast.Pass()


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(each, ast.JoinedStr) or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in (node.left, node.right)
    )


def _one_line(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())
