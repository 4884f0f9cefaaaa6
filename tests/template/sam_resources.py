"""The resources that SAM makes of the template."""

from __future__ import annotations

from copy import deepcopy

from samtranslator.translator.transform import transform

from deployer.json_document import Document
from tests.template.shipped import MACHINES


class _NoManagedPolicies:
    """Stands for SAM's loader of AWS's own policies, of which the template uses none."""

    def load(self) -> dict[str, str]:
        return {}


def transformed(template: Document, code: str = "one") -> Document:
    """Return the resources that SAM makes of a template, whose functions' code `sam deploy` has uploaded."""
    document = deepcopy(template)
    document["Globals"]["Function"]["CodeUri"] = {"Bucket": "packages", "Key": code}
    for machine, file in MACHINES.items():
        document["Resources"][f"{machine}StateMachine"]["Properties"]["DefinitionUri"] = f"s3://packages/{file}"
    resources: Document = transform(document, {}, _NoManagedPolicies())["Resources"]
    return resources
