"""Every guard of the decision matters: forced open or forced shut, some line of the manual must notice."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

import pytest

from gateway.core import decide as decide_module
from gateway.core import policy as policy_module
from gateway.core import session as session_module
from gateway.core.routes import Condition, Place, ValueSource
from tests.core import test_policy, world
from tests.core.test_decide import TABLE


@dataclass(frozen=True)
class Mutation:
    """One guard of a module, forced to one answer."""

    module: ModuleType
    number: int
    forced: bool

    def __str__(self) -> str:
        guard = _guards(ast.parse(inspect.getsource(self.module)))[self.number]
        return f"{self.module.__name__.rpartition('.')[2]}:{guard.lineno} {ast.unparse(guard)[:60]} = {self.forced}"


def _guards(tree: ast.AST) -> list[ast.expr]:
    """Conditions of `if`, parts of `and`/`or`, and the ends of `return a and b`, in reading order."""
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp):
            found.append(node.test)
        elif isinstance(node, ast.BoolOp):
            found += [part for part in node.values if part not in found]
        elif isinstance(node, ast.comprehension):
            found += node.ifs
    return found


def _mutations() -> Iterator[Mutation]:
    for module in (decide_module, session_module, policy_module):
        count = len(_guards(ast.parse(inspect.getsource(module))))
        for number in range(count):
            yield Mutation(module, number, True)
            yield Mutation(module, number, False)


class _Force(ast.NodeTransformer):
    def __init__(self, target: ast.expr, forced: bool) -> None:
        self._target = target
        self._forced = forced

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._target:
            return ast.copy_location(ast.Constant(self._forced), node)
        visited: ast.AST = super().visit(node)
        return visited


def _mutant(mutation: Mutation) -> ModuleType:
    """The module as it would be with the guard forced, beside the real one."""
    tree = ast.parse(inspect.getsource(mutation.module))
    guard = _guards(tree)[mutation.number]
    _Force(guard, mutation.forced).visit(tree)
    name = f"mutant_of_{mutation.module.__name__}"
    module = ModuleType(name)
    sys.modules[name] = module  # dataclasses look their own module up while they are made
    exec(compile(ast.fix_missing_locations(tree), "<mutant>", "exec"), module.__dict__)
    return module


def _outcomes(decide: ModuleType) -> list[tuple[str, str]]:
    rows = []
    for _, who, asked, rules, *_ in TABLE:
        held = (rules or world.policy()) if who is not None else None
        decision = decide.decide(who, asked, world.ACCESS, held, world.NOW)
        rows.append((type(decision).__name__, decision.reason.value))
    lone = decide.decide(world.full(), world.facts("/top"), world.ACCESS, None, world.NOW)
    nobody = decide.decide(None, world.facts("/top"), world.ACCESS, world.policy(), world.NOW)
    return [*rows, (type(lone).__name__, lone.reason.value), (type(nobody).__name__, nobody.reason.value)]


def _bodies(decide: ModuleType) -> list[bool]:
    asked = [(b"/meisai/view", b"POST"), (b"/meisai/view", b"PUT"), (b"/shugyo/punch", b"POST"), (b"/top", b"PUT")]
    return [decide.needs_form(world.ACCESS.routes.candidates(path), method) for path, method in asked]


def _conditions(decide: ModuleType) -> list[object]:
    subjects = (world.WORKER, world.STAFF)
    return [
        decide.allowed_values(Condition(Place.QUERY, "x", source, ("a",)), who, world.TODAY)
        for source in ValueSource
        for who in subjects
    ]


def _behaviour(mutation: Mutation | None) -> object:
    if mutation is not None and mutation.module is policy_module:
        return test_policy.outcomes(_mutant(mutation))
    if mutation is not None and mutation.module is session_module:
        mutant = _mutant(mutation)
        # The real Level goes in, so that only the guard differs.
        mutant.__dict__["Level"] = session_module.Level
        changed = ModuleType("decide_with_mutant")
        changed.__dict__.update(decide_module.__dict__)
        sys.modules["decide_with_mutant"] = changed
        exec(compile(inspect.getsource(decide_module), "<decide>", "exec"), changed.__dict__)
        changed.__dict__["assurance_level"] = mutant.assurance_level
        return _outcomes(changed)
    module = decide_module if mutation is None else _mutant(mutation)
    return _outcomes(module), _bodies(module), _conditions(module), test_policy.outcomes(policy_module)


def _expected(mutation: Mutation) -> object:
    if mutation.module is policy_module:
        return test_policy.outcomes(policy_module)
    if mutation.module is session_module:
        return _outcomes(decide_module)
    return _behaviour(None)


@pytest.mark.parametrize("mutation", list(_mutations()), ids=str)
def test_a_forced_guard_is_noticed(mutation: Mutation) -> None:
    try:
        behaviour = _behaviour(mutation)
    except (AttributeError, TypeError, KeyError, AssertionError):
        return  # a guard that keeps the code from failing is noticed by its failing
    assert behaviour != _expected(mutation)
