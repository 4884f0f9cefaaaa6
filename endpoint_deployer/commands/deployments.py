"""The commands that deploy, or say what that would change: plan, deploy, rollback, retry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from endpoint_deployer import request_file
from endpoint_deployer.aws.artifacts import Artifacts, LocalArtifact
from endpoint_deployer.aws.revisions import Endpoints
from endpoint_deployer.aws.runs import Runs
from endpoint_deployer.commands.following import conclude, wait_for_end
from endpoint_deployer.commands.options import AsJson, EndpointName, Watch  # noqa: TC001 - typer reads them
from endpoint_deployer.console import Invocation  # noqa: TC001 - typer reads it
from endpoint_deployer.errors import WRONG, CommandError
from endpoint_deployer.view.preview import print_preview

if TYPE_CHECKING:
    from endpoint_deployer.aws.runs import Run
    from endpoint_deployer.aws.stack import Stack
    from endpoint_deployer.json_document import Document

CHANGES = 2
"""The exit status of `plan` if there is something to deploy."""

_DEPLOYING = {"Create", "Update", "UpdateWeights", "Resume", "Wait"}
_WITH_THE_SAME_MODELS = {"NothingToDo", "Confirm", "UpdateTags", "UpdateWeights"}
"""The actions of a plan without its new artifact that become an update once the artifact is uploaded."""

_Name = Annotated[str | None, typer.Option("--endpoint", help="Name of the endpoint, if the manifest has none.")]
_Artifact = Annotated[
    Path | None,
    typer.Option(
        help="The model.tar.gz to deploy; otherwise that beside the manifest, the live one, or the newest upload."
    ),
]


def plan(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="PATH|ENDPOINT", help="A manifest, a folder with one, or an endpoint.")
    ],
    artifact: _Artifact = None,
    endpoint: _Name = None,
    as_json: AsJson = False,
) -> None:
    """Show what a deployment would change, without uploading or changing anything.

    An endpoint's name means its manifest in the artifact bucket, or else what is live. An artifact that is not uploaded
    yet counts as a change.

    Exit status: 0 nothing to do, 2 changes, 1 wrong.
    """
    invocation: Invocation = context.obj
    stack = invocation.stack
    if request_file.is_path(target):
        artifact = artifact or request_file.find_artifact(Path(target))
        request = request_file.read_request(Path(target), endpoint, has_artifact=artifact is not None)
    else:
        request = _uploaded_request(stack, target)
    runs = Runs(stack)
    with invocation.busy(f"plan {request['EndpointName']}"):
        found = Artifacts(stack, str(request["EndpointName"])).of_file(artifact) if artifact else None
        request = _with_artifact(stack, request, found)
        run = wait_for_end(runs, runs.start({**request, "DryRun": True}, "plan"))
    preview = (run.output.get("Plan") or {}).get("Preview")
    if preview and found and not found.is_uploaded:
        preview = _with_upload(preview, found)
    if as_json:
        invocation.print_json({**run.document(), "Preview": preview})
    elif preview:
        print_preview(invocation.out, str(request["EndpointName"]), preview)
    if not preview:
        raise CommandError(f"{run.outcome}: {run.error}\n{run.cause}")
    action = preview["Action"]
    raise typer.Exit(CHANGES if action in _DEPLOYING else WRONG if action == "AwaitingArtifact" else 0)


def deploy(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A manifest, or a folder with one or with an artifact.")],
    artifact: _Artifact = None,
    endpoint: _Name = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Upload the artifact under a key of its own, and deploy the manifest with it.

    Exit status with --watch: 0 deployed or nothing to do, 1 rejected, 3 failed, 4 timed out, 5 superseded, 6 awaiting
    an artifact, 7 stopped.
    """
    invocation: Invocation = context.obj
    stack = invocation.stack
    artifact = artifact or request_file.find_artifact(path)
    request = request_file.read_request(path, endpoint, has_artifact=artifact is not None)
    if artifact:
        request_file.with_artifact(request, "s3://")  # before a long upload
        request = request_file.with_artifact(request, _upload(invocation, artifact, str(request["EndpointName"])))
    else:
        request = _with_artifact(stack, request)
    runs = Runs(stack)
    with invocation.busy(f"deploy {request['EndpointName']}"):
        run = runs.start(request, "deploy")
    conclude(invocation, runs, run, watch=watch, as_json=as_json)


def rollback(
    context: typer.Context,
    endpoint: EndpointName,
    to: Annotated[
        str | None, typer.Option(help="The revision to go back to; otherwise the one before the live one.")
    ] = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Deploy again what an earlier revision held. The exit status with --watch is that of deploy."""
    invocation: Invocation = context.obj
    runs = Runs(invocation.stack)
    with invocation.busy(f"roll {endpoint} back"):
        # An empty name, such as that of a variable that is not set, is not the same as none: the deployer rejects it.
        run = runs.start({"EndpointName": endpoint, "Rollback": True if to is None else to}, "rollback")
    conclude(invocation, runs, run, watch=watch, as_json=as_json)


def retry(
    context: typer.Context,
    execution: Annotated[str, typer.Argument(metavar="EXECUTION", help="An execution's name or ARN.")],
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Go on with an execution that was stopped or ran out of time, or start the input of one that failed again."""
    invocation: Invocation = context.obj
    runs = Runs(invocation.stack)
    with invocation.busy(f"try {execution} again"):
        again = _tried_again(runs, execution, invocation.stack.name)
    conclude(invocation, runs, again, watch=watch, as_json=as_json)


def _tried_again(runs: Runs, execution: str, stack: str) -> Run:
    run = runs.find_execution(execution)
    if run is None:
        raise CommandError(
            f"{execution} is not an execution of the stack {stack}; `status` and `explain ENDPOINT` name them"
        )
    if run.is_running:
        raise CommandError(f"{run.name} has not ended. Watch it: endpoint-deployer watch {run.name}")
    if run.description["status"] in {"ABORTED", "TIMED_OUT"}:
        runs.client.redrive_execution(executionArn=run.arn)
        return runs.describe(run.arn)
    if run.description["status"] == "FAILED":
        return runs.start(run.input, "retry")
    raise CommandError(f"{run.name} ended as {run.outcome}: there is nothing to try again")


def _uploaded_request(stack: Stack, endpoint: str) -> Document:
    """Read the manifest of an endpoint in the artifact bucket, or else the stored request of its live revision."""
    endpoints = Endpoints(stack)
    for name in request_file.MANIFEST_NAMES:
        key = f"{stack.prefix}{endpoint}/{name}"
        if (text := endpoints.read_text(key)) is not None:
            return {**request_file.parse_manifest(text, key), "EndpointName": endpoint}
    live = endpoints.live(endpoint)
    return endpoints.revision(endpoint, live, live).stored.get("Request") or {"EndpointName": endpoint}


def _with_artifact(stack: Stack, request: Document, found: LocalArtifact | None = None) -> Document:
    """Give an artifact to the containers that wait for one: a file's, if it is uploaded, or else what is known.

    To plan with a file that is not uploaded yet, a container may go without.

    Raises:
        CommandError: No container waits for the file, or there is no artifact at all.
    """
    if found and found.is_uploaded:
        return request_file.with_artifact(request, found.uri)
    if not found and not request_file.lacks_data(request):
        return request
    name = request["EndpointName"]
    uri = Artifacts(stack, name).known()
    if uri is None and not found:
        raise CommandError(
            f"The request waits for an artifact, and there is none of {name} in s3://{stack.bucket}. Name one "
            "(--artifact model.tar.gz), or write ModelDataUrl: null for a container that has no model data."
        )
    return request_file.with_artifact(request, uri)


def _with_upload(preview: Document, found: LocalArtifact) -> Document:
    """Return a preview that was made without an artifact which is yet to be uploaded, and which names are made of."""
    action = "Update" if preview["Action"] in _WITH_THE_SAME_MODELS else preview["Action"]
    creates = {**preview["Creates"], "Models": [], "EndpointConfig": None}
    upload = {"From": str(found.file), "To": found.uri, "Bytes": found.size}
    return {**preview, "Action": action, "Creates": creates, "Uploads": [upload]}


def _upload(invocation: Invocation, file: Path, endpoint: str) -> str:
    """Upload an artifact under a key that its content names, unless it is there; return its URI."""
    artifacts = Artifacts(invocation.stack, endpoint)
    with invocation.busy(f"upload {file} ({file.stat().st_size / 1e6:.1f} MB)" if file.is_file() else str(file)):
        artifact = artifacts.of_file(file)
        if not artifact.is_uploaded:
            artifacts.upload(artifact)
    invocation.err.print(f"[green]↑[/] {artifact.uri}", soft_wrap=True)
    return artifact.uri


COMMANDS = (plan, deploy, rollback, retry)
