"""Slow models of the hosting simulator take their own time, and no other's."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from local.simulator import Settings
from local.simulator.archive import pack_script
from local.simulator.model_server import ModelServer
from tests.unit.hosting.account import WAIT, Account, Storage, blue_green, model_servers, refused
from tests.unit.hosting.hosting_models import ADDER, with_artifact
from tests.unit.manual_clock import Clock

if TYPE_CHECKING:
    import pytest


def test_a_slow_start_takes_nothing_off_the_next_stage() -> None:
    """A stage is as long as its policy says, from the moment at which the new fleet's servers are up."""
    clock, start_seconds = Clock(), 100.0

    class SlowStorage(Storage):
        """S3 from which reading takes time."""

        def read(self, bucket: str, key: str, role: str) -> bytes:
            """Return an object."""
            clock.sleep(start_seconds)
            return super().read(bucket, key, role)

    storage = SlowStorage({"s3://b/model.tar.gz": pack_script(ADDER)})
    account = Account(clock=clock, options={"storage": storage})
    account.serve()
    account.create_model("n", ModelDataUrl="s3://b/model.tar.gz")
    began, settings = clock.now(), account.settings
    account.update(blue_green("ALL_AT_ONCE"))

    pause = settings.stage_seconds
    try:
        seen = [new for _, _, new in account.stages(pause)]
    finally:
        account.simulator.close()

    assert seen == ["Creating", "ActivatingTraffic", "Baking", "", ""]
    # The last look was followed by one more pause.
    assert clock.now() - pause - began == settings.update_seconds + start_seconds + pause + WAIT + pause


def test_an_invocation_is_answered_by_the_fleet_that_it_reached() -> None:
    """A fleet that is ended while a model still answers ends after that, and not before."""
    slow = pack_script("import time\ndef model_fn(d): return 0\ndef predict_fn(d, m): time.sleep(0.5); return [m]")
    account = with_artifact(slow)
    account.simulator.catch_up()
    answers: list[Any] = []
    request = {"EndpointName": "e", "Body": b"{}"}
    caller = threading.Thread(target=lambda: answers.append(account.simulator.invoke(request)))
    caller.start()
    server = model_servers(account)[0]
    while not server._asked:
        time.sleep(0.01)

    account.sagemaker.delete_endpoint(EndpointName="e")
    account.clock.sleep(account.settings.delete_seconds)
    gone = refused(account.describe)
    caller.join()

    assert gone[1].startswith("Could not find endpoint ")
    assert json.loads(answers[0]["Body"]) == [0]
    assert server._process.poll() is not None, "it has ended since"


def test_a_late_answer_is_not_taken_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """SageMaker waits for a container only so long; a later answer is ignored."""
    script = "import time\ndef model_fn(d): return 0\ndef predict_fn(d, m): time.sleep(d[0]); return d"
    server = ModelServer(pack_script(script), "s3://b/model.tar.gz", "A")
    monkeypatch.setattr("local.simulator.model_server.ANSWER_SECONDS", 0.1)

    late = server.answer(b"[1]", "application/json", "application/json")
    monkeypatch.undo()
    next_one = server.answer(b"[0]", "application/json", "application/json")
    server.stop()
    dead = server.answer(b"[0]", "application/json", "application/json")

    assert (late.status, next_one.body, dead.status) == (0, b"[0]", 0)
    assert b"timed out" in late.body


def test_a_slow_model_delays_no_other_call() -> None:
    """The time passes on the simulator's clock, and other calls are answered meanwhile."""
    account = Account(settings=Settings(answer_seconds={"m": 5.0}))
    account.serve()
    began = account.clock.now()
    meanwhile = []

    def sleep(seconds: float) -> None:
        other = threading.Thread(target=lambda: meanwhile.append(account.state))
        other.start()
        other.join(10)
        account.clock.seconds += seconds

    account.clock.sleep = sleep  # type: ignore[method-assign]
    answer = account.invoke()

    assert answer["Model"] == "m"
    assert account.clock.now() - began == 5.0
    assert meanwhile == [("InService", "c")]


def test_a_model_that_is_too_slow_has_not_answered() -> None:
    """SageMaker waits 60 seconds for a container, whatever the container does."""
    account = Account(settings=Settings(answer_seconds={"*": 61.0}))
    account.serve()
    began = account.clock.now()

    code, message = refused(account.invoke)

    assert code == "ModelError"
    assert message.startswith('Received server error (0) from primary with message "Your invocation timed out')
    assert account.clock.now() - began == 60.0
