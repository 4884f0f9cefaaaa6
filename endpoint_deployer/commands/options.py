"""Options and arguments that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Watch = Annotated[bool, typer.Option("--watch", help="Follow it to the end; the exit status says the outcome.")]
EndpointName = Annotated[str, typer.Argument(metavar="ENDPOINT", help="Name of the endpoint.")]
Target = Annotated[
    str, typer.Argument(metavar="ENDPOINT|EXECUTION", help="An endpoint, or an execution's name or ARN.")
]
