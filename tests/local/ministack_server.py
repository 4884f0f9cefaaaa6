"""Local AWS without the stack: functions, small executions, and waits for what they do."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deployer.json_document import Document
from local.environment import ACCOUNT_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.aws.server import Server

SPEED = 50.0
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/runs-functions"
CODE = """
def handler(event, context):
    if event.get("Fails"):
        raise ValueError(event["Fails"])
    return [context.function_version, event.get("Text", "") * event.get("Times", 1)]
"""


def make_function(server: Server, name: str) -> None:
    """Create a function."""
    server.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": packed(CODE)},
        Timeout=30,
    )


def packed(code: str) -> bytes:
    """Zip a function."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", code)
    return content.getvalue()


class Executions:
    """Runs small definitions on local AWS."""

    def __init__(self, server: Server) -> None:
        self.client = server.client("stepfunctions")
        self._count = 0

    def start(self, states: Document, document: Any = None) -> str:
        """Start an execution of a definition; return its ARN."""
        self._count += 1
        definition = {"StartAt": next(iter(states)), "States": {**states, "Done": {"Type": "Succeed"}}}
        name = f"test-{time.monotonic_ns()}-{self._count}"
        machine = self.client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        started = self.client.start_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps(document if document is not None else {})
        )
        return str(started["executionArn"])

    def run(self, states: Document, document: Any = None) -> Document:
        """Run an execution to its end, and describe it."""
        return self.ended(self.start(states, document))

    def ended(self, arn: str) -> Document:
        """Wait for the end of an execution, and describe it."""
        described: Document = wait_for(
            lambda: self.client.describe_execution(executionArn=arn), lambda got: got["status"] != "RUNNING"
        )
        return described

    def events(self, arn: str) -> list[Document]:
        """Return the history."""
        events: list[Document] = self.client.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        return events

    def token(self, arn: str) -> str:
        """Wait until a task waits for its token, and read the token from the history."""
        found = wait_for(lambda: [each for each in self.events(arn) if each["type"] == "TaskSubmitted"], bool)
        assert found
        return self.tokens(arn)[-1]

    def tokens(self, arn: str) -> list[str]:
        """Return the tokens of all attempts."""
        details = [each.get("taskScheduledEventDetails") for each in self.events(arn)]
        return [json.loads(each["parameters"])["Payload"]["Token"] for each in details if each]


def wait_for(look: Callable[[], Any], is_done: Callable[[Any], bool], seconds: float = 30.0) -> Any:
    """Look until something is there; return what was seen last."""
    deadline = time.monotonic() + seconds
    while not is_done(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen


def refusal(call: Callable[[], Any]) -> str:
    """Return the code with which a call is refused; nothing if it is answered."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
