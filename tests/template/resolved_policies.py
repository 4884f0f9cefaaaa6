"""The template's policies as CloudFormation would hand them to IAM, with sample values for whatever it resolves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PSEUDO = {"Partition": "aws", "Region": "us-east-1", "AccountId": "111122223333", "StackName": "stack"}
_GIVEN = {
    "AllowedRoleArns": ["arn:aws:iam::111122223333:role/models"],
    "AllowedBucketArns": ["arn:aws:s3:::shared"],
    "AllowedKmsKeyArns": ["arn:aws:kms:us-east-1:111122223333:key/0000"],
    "AllowedInstanceTypes": ["ml.m5.*", "ml.g5.xlarge"],
    "ExecutionRoleArn": "arn:aws:iam::111122223333:role/given",
    "PromoteTo": "arn:aws:events:us-east-1:999988887777:event-bus/default",
    "PromoteFrom": "999988887777",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:111122223333:alarms",
}
"""Samples of parameters that have no default of their own that a policy could name."""

_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:111122223333:{}",
    "AWS::SNS::Topic": "arn:aws:sns:us-east-1:111122223333:{}",
    "AWS::IAM::Role": "arn:aws:iam::111122223333:role/{}",
    "AWS::Logs::LogGroup": "arn:aws:logs:us-east-1:111122223333:log-group:{}:*",
    "AWS::Events::Rule": "arn:aws:events:us-east-1:111122223333:rule/{}",
    "AWS::Lambda::Function": "arn:aws:lambda:us-east-1:111122223333:function:{}",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:us-east-1:111122223333:stateMachine:{}",
}
"""What GetAtt Arn returns, by the type of the resource."""

_REFERRED_BY_ARN = {"AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"}
"""The types whose resources Ref returns the ARN of, not the name."""


@dataclass(frozen=True)
class Policy:
    """A policy of the template.

    Attributes:
        name: Where it stands.
        kind: `identity`, `resource` or `trust`.
        document: It, resolved.
    """

    name: str
    kind: str
    document: dict[str, Any]


def policies_of(template: dict[str, Any], resources: dict[str, Any], *, is_given: bool) -> Iterator[Policy]:
    """Yield the policies of a transformed template.

    Args:
        template: The template, for its parameters.
        resources: The resources that SAM makes of it.
        is_given: Whether the conditions hold, which parameters that may be left out decide.
    """
    resolver = _Resolver(template, resources, is_given)
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if "AssumeRolePolicyDocument" in properties:
            yield Policy(f"{name} (trust)", "trust", resolver.resolve(properties["AssumeRolePolicyDocument"]))
        for policy in properties.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []:
            yield Policy(name, "identity", resolver.resolve(policy["PolicyDocument"]))
        if "PolicyDocument" in properties:
            kind = "identity" if resource["Type"] == "AWS::IAM::ManagedPolicy" else "resource"
            yield Policy(name, kind, resolver.resolve(properties["PolicyDocument"]))


@dataclass(frozen=True)
class _Resolver:
    template: dict[str, Any]
    resources: dict[str, Any]
    is_given: bool

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            resolved = (self.resolve(each) for each in value)
            return [each for each in resolved if each is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function, argument)
        resolved_values = {key: self.resolve(each) for key, each in value.items()}
        return {key: each for key, each in resolved_values.items() if each is not None}

    def _call(self, function: str, argument: Any) -> Any:
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._getatt,
            "Fn::Sub": self._sub,
            "Fn::If": lambda each: self.resolve(each[1 if self.is_given else 2]),
            "Fn::Join": lambda each: str(each[0]).join(self.resolve(each[1])),
            "Fn::Split": lambda each: str(self.resolve(each[1])).split(each[0]),
            "Fn::Select": lambda each: self.resolve(each[1])[each[0]],
        }
        return functions[function](argument)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return None
        if name in _GIVEN:
            return _GIVEN[name]
        parameter = self.template["Parameters"].get(name)
        return self._variable(name) if parameter is None else parameter.get("Default", name)

    def _getatt(self, argument: list[str]) -> str:
        name, attribute = argument
        if attribute != "Arn":
            return f"{name}-{attribute}".lower()
        kind = self.resources[name]["Type"]
        return _ARNS[kind].format(name.lower() if kind == "AWS::S3::Bucket" else name)

    def _sub(self, argument: str | list[Any]) -> str:
        text, more = (argument, {}) if isinstance(argument, str) else argument
        variables = {name: self.resolve(each) for name, each in more.items()}
        return re.sub(r"\$\{([^!}]+)\}", lambda match: str(variables.get(match[1]) or self._variable(match[1])), text)

    def _variable(self, name: str) -> Any:
        if name.startswith("AWS::"):
            return _PSEUDO[name.removeprefix("AWS::")]
        if "." in name:
            return self._getatt(name.split(".", 1))
        if name in self.template["Parameters"]:
            return self._ref(name)
        is_named_by_arn = self.resources[name]["Type"] in _REFERRED_BY_ARN
        return self._getatt([name, "Arn"]) if is_named_by_arn else name.lower()
