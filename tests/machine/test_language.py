"""Amazon States Language is read as strictly as Step Functions reads it, and as moto's interpreter does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from local.states_language.errors import StateError, UnsupportedStateError
from tests.machine.bench import CALLED, DONE, task, types
from tests.machine.language_samples import calling, passing
from tests.machine.moto_interpreter import MotoRun

if TYPE_CHECKING:
    from tests.machine.bench import Bench


def waiting(path: str) -> Document:
    """Build a Wait state for seconds that the data have."""
    return {"A": {"Type": "Wait", "SecondsPath": path, "Next": "Done"}, **DONE}


def choosing(**rule: Any) -> Document:
    """Build a Choice state of one rule."""
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"}
    return {"A": choice, "Yes": {"Type": "Pass", "Result": True, "End": True}, "No": passing(Result=False)["A"]}


def on_both(bench: Bench, states: Document, document: Any) -> tuple[Any, str, str]:
    """Run a definition on both interpreters; return output, error and cause, which have to be the same."""
    machine = bench.machine(states)
    execution = machine.start(document)
    machine.run()
    moto = MotoRun(machine.definition, document, bench.clock, lambda *_: "answer")
    moto.run()
    ours = (bench.output(execution), execution.error, execution.cause)

    assert (moto.output, *moto.failure) == ours
    return ours


@pytest.mark.parametrize(
    ("states", "document", "output"),
    [
        (passing(Parameters={"b.$": "$.a", "c": [{"d.$": "$.a"}]}), {"a": 1}, {"b": 1, "c": [{"d": 1}]}),
        (passing(Parameters={"b.$": "$.a[1]"}), {"a": [1, 2]}, {"b": 2}),
        (passing(Parameters={"b.$": "$['a'].c"}), {"a": {"c": None}}, {"b": None}),
        (passing(Parameters={"b.$": "$$.State.Name"}), {}, {"b": "A"}),
        (passing(Parameters={"b.$": "States.MathAdd($.a, 2)"}), {"a": 40}, {"b": 42}),
        (passing(Result=1, ResultPath="$.b.c"), {"a": 2}, {"a": 2, "b": {"c": 1}}),
        (passing(Result=1, ResultPath=None), {"a": 2}, {"a": 2}),
        (passing(InputPath="$.a", ResultPath="$.b"), {"a": 2}, {"a": 2, "b": 2}),
        (passing(OutputPath="$.a"), {"a": 2}, 2),
        (passing(InputPath=None), {"a": 2}, {}),
        (choosing(Variable="$.a", StringEquals="x"), {"a": "x"}, True),
        (choosing(Variable="$.a", StringEquals="1"), {"a": 1}, False),
        (choosing(Variable="$.a", BooleanEquals=True), {"a": True}, True),
        (choosing(Variable="$.a", BooleanEquals=True), {"a": "true"}, False),
        (choosing(Variable="$.a", BooleanEquals=True), {"a": 1}, False),
        (choosing(Variable="$.a", IsPresent=False), {"a": None}, False),
        (choosing(Variable="$.a", NumericGreaterThan=1), {"a": 2}, True),
        (choosing(Variable="$.a", NumericEquals=1), {"a": "1"}, False),
        (choosing(Variable="$.a", IsPresent=True), {}, False),
        (choosing(Variable="$.a", IsPresent=False), {}, True),
        (choosing(Variable="$.a", IsPresent=True), {"a": None}, True),
        (choosing(Variable="$.a", IsNull=True), {"a": None}, True),
        (choosing(Variable="$.a", IsNull=False), {"a": 0}, True),
        (choosing(And=[{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", "IsNull": False}]), {}, False),
        (choosing(Or=[{"Variable": "$.a", "IsString": True}, {"Variable": "$.a", "IsNull": True}]), {"a": None}, True),
        (choosing(Not={"Variable": "$.a", "StringMatches": "x*z"}), {"a": "xyz"}, False),
        (waiting("$.a"), {"a": 0}, {"a": 0}),
        (calling(ResultPath="$.b"), {"a": 2}, {"a": 2, "b": "answer"}),
    ],
)  # fmt: skip
def test_both_interpreters_read_data_alike(bench: Bench, states: Document, document: Any, output: Any) -> None:
    """Paths, parameters, results and choices give the same."""
    bench.function(lambda *_: "answer")

    assert on_both(bench, states, document) == (output, "", "")


@pytest.mark.parametrize(
    ("states", "document"),
    [
        (passing(Parameters={"b.$": "$.a"}), {}),
        (passing(Parameters={"b.$": "$.a.c"}), {"a": None}),
        (passing(Parameters={"b.$": "$$.Execution.Missing"}), {}),
        (passing(InputPath="$.a"), {}),
        (passing(OutputPath="$.a"), {"b": 1}),
        (waiting("$.a"), {}),
        (waiting("$.a"), {"a": None}),
        (waiting("$.a"), {"a": "5"}),
        (waiting("$.a"), {"a": -1}),
        (waiting("$.a"), {"a": 1.5}),
        (waiting("$.a"), {"a": 1.0}),
        (choosing(Variable="$.a", StringEquals="x"), {}),
        (choosing(Variable="$.a", IsNull=True), {}),
        (choosing(Variable="$.a", IsNull=False), {}),
        (choosing(Variable="$.a", BooleanEquals=False), {}),
        (choosing(Variable="$.a.b", NumericLessThan=1), {"a": 5}),
        (calling(Parameters={"b.$": "$.a"}), {}),
        (calling(TimeoutSecondsPath="$.a"), {}),
        (calling(TimeoutSecondsPath="$.a"), {"a": None}),
        (calling(TimeoutSecondsPath="$.a"), {"a": "5"}),
        (calling(TimeoutSecondsPath="$.a"), {"a": 0}),
        (calling(TimeoutSecondsPath="$.a"), {"a": -5}),
        (calling(TimeoutSecondsPath="$.a"), {"a": 1.5}),
    ],
)
def test_data_that_are_not_there_end_the_execution(bench: Bench, states: Document, document: Any) -> None:
    """The error is States.Runtime, which nothing catches; a missing path never counts as null."""
    bench.function(lambda *_: "answer")
    machine = bench.machine(states)

    execution = machine.start(document)
    machine.run()

    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert execution.cause


@pytest.mark.parametrize(
    ("states", "document"),
    [
        (passing(Parameters={"b.$": "$.a"}), {}),
        (waiting("$.a"), {}),
        (waiting("$.a"), {"a": "5"}),
        (waiting("$.a"), {"a": 1.5}),
    ],
)
def test_both_interpreters_refuse_with_the_same_words(bench: Bench, states: Document, document: Any) -> None:
    """The cause names the path, the field and the input."""
    output, error, cause = on_both(bench, states, document)

    assert (output, error) == (None, "States.Runtime")
    assert "$.a" in cause


@pytest.mark.parametrize("document", [1, "text", [1], {"b": 1}, {"b": [1]}, {"b": None}])
def test_result_path_through_a_scalar_fails(bench: Bench, document: Any) -> None:
    """The error has a name of its own, and can be caught; the data stay as they are."""
    bench.function(lambda *_: "answer")
    caught: Document = {
        "Catch": [{"ErrorEquals": ["States.ResultPathMatchFailure"], "ResultPath": None, "Next": "Done"}]
    }
    machine = bench.machine({"A": task(ResultPath="$.b.c", **caught), **DONE})

    execution = machine.start(document)
    machine.run()

    assert execution.failures == []
    assert bench.output(execution) == document


def test_task_takes_five_events(bench: Bench) -> None:
    """Entered, scheduled, started, succeeded and exited: they count for the 25,000 of an execution."""
    bench.function(lambda *_: "answer")
    machine = bench.machine({"A": task(Next="Done"), **DONE})

    execution = machine.start({})
    machine.run()

    assert types(execution)[1:6] == ["TaskStateEntered", *CALLED, "LambdaFunctionSucceeded", "TaskStateExited"]
    assert types(execution)[6] == "SucceedStateEntered"


@pytest.mark.parametrize(
    ("states", "named"),
    [
        ({"A": {"Type": "Parallel", "End": True}}, "Parallel"),
        (passing(Assign={"a": 1}), "Assign"),
        ({"A": task(HeartbeatSeconds=10)}, "HeartbeatSeconds"),
        ({"A": task(ResultSelector={})}, "ResultSelector"),
        (passing(Parameters={"b.$": "$..a"}), "path"),
        (passing(Parameters={"b.$": "$.a[*]"}), "path"),
        (passing(Parameters={"b.$": "States.UUID()"}), "function"),
        (choosing(Variable="$.a", TimestampEquals="x"), "TimestampEquals"),
        (choosing(Variable="$.a", BooleanEquals=1), "BooleanEquals of 1"),
        (choosing(Variable="$.a", NumericEquals=True), "NumericEquals of True"),
        (choosing(Variable="$.a", StringEquals=None), "StringEquals of None"),
        (choosing(Variable="$.a", IsPresent="true"), "IsPresent of 'true'"),
        ({"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}}, "lambda:invoke"),
        ({"A": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True}}, "sns"),
    ],
)
def test_unsupported_states_are_refused(bench: Bench, states: Document, named: str) -> None:
    """When the machine is made, not in silence when it runs."""
    with pytest.raises(UnsupportedStateError, match=named):
        bench.machine(states)


def test_other_query_languages_are_refused(bench: Bench) -> None:
    """JSONata would be read as text."""
    with pytest.raises(UnsupportedStateError, match="JSONata"):
        bench.machine(DONE, QueryLanguage="JSONata")


def test_only_a_tasks_own_result_can_be_caught() -> None:
    """The same name for a state's data is terminal."""
    names = ("States.Runtime", "States.DataLimitExceeded", "States.Timeout")

    assert [StateError(name).is_terminal for name in names] == [True, True, False]
    assert not StateError("States.DataLimitExceeded", is_result=True).is_terminal
