"""Local AWS with the shipped stack on it, brought up once for all tests of this folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.aws.server import Server
from local.aws.stack import running_stack
from local.demo.sample.training import pack, train
from local.environment import STACK_NAME
from local.simulator import Settings
from tests.local.ministack_server import ROLE, SPEED, Executions, make_function
from tests.local.parameters import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.aws.stack import Stack
    from local.demo.sample.training import Trained


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together in one process the tests that share the stack, and the others of a module.

    This comes before pytest-xdist reads the groups, also if only this folder is run.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("local")
            shares_stack = "running" in getattr(item, "fixturenames", ())
            item.add_marker(pytest.mark.xdist_group("stack" if shares_stack else item.path.stem))


@pytest.fixture(scope="session")
def image() -> str:
    """The inference image of uploads that name none."""
    return "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"


@pytest.fixture(scope="session")
def running(image: str) -> Iterator[Stack]:
    """The shipped stack, up on local AWS."""
    with running_stack({"DefaultImage": image, **PARAMETERS}, speed=50.0) as stack:
        yield stack


@pytest.fixture
def stack(running: Stack, quick: Settings) -> Stack:
    """The stack on a SageMaker that is quick and whose replicas do not lag."""
    running.server.control.settings = quick
    return running


@pytest.fixture(scope="session")
def quick() -> Settings:
    """How SageMaker behaves unless a test wants it otherwise."""
    return Settings(create_seconds=20.0, update_seconds=20.0, delete_seconds=5.0)


@pytest.fixture(scope="session")
def roles(running: Stack) -> dict[str, str]:
    """The name of each function's role."""
    cloudformation = running.server.client("cloudformation")
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    return {
        resource["LogicalResourceId"].removesuffix("FunctionRole"): resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["LogicalResourceId"].endswith("FunctionRole")
    }


@pytest.fixture(scope="session")
def trained() -> Trained:
    """The sample's model."""
    return train()


@pytest.fixture(scope="session")
def artifact(trained: Trained) -> bytes:
    """The sample's `model.tar.gz`."""
    return pack(trained)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Local AWS without the stack, with one function."""
    with Server(speed=SPEED) as running:
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        running.client("iam").create_role(
            RoleName=ROLE.rpartition("/")[2], AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
        )
        make_function(running, "work")
        yield running


@pytest.fixture
def executions(server: Server) -> Executions:
    """A place to run small definitions."""
    return Executions(server)
