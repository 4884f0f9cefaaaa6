"""What the stack's parameters have to be; cfn-lint does not look for it in a template that SAM translates."""

from __future__ import annotations

import json
import re

import pytest

from deployer.json_document import Document
from deployer.planning.keys import STORE_PREFIX


def test_every_parameter_is_used(template: Document) -> None:
    """A parameter that nothing reads would have no effect."""
    document = json.dumps({part: template[part] for part in ("Conditions", "Globals", "Resources", "Outputs")})

    used = {name for pair in re.findall(r'"Ref": "(\w+)"|\$\{(\w+)\}', document) for name in pair}

    assert set(template["Parameters"]) <= used


def test_every_parameter_is_asked_for_in_one_group(template: Document) -> None:
    """The console shows the parameters in the template's groups, each once."""
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    asked = [name for group in groups for name in group["Parameters"]]

    assert sorted(asked) == sorted(template["Parameters"])


def test_every_parameter_has_a_description(template: Document) -> None:
    """Each parameter is described by a sentence and can be left out."""
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"].endswith("."), name
        assert "Default" in parameter, name


@pytest.mark.parametrize(
    ("prefix", "is_allowed"),
    [
        ("models/", True),
        ("team-a/models/", True),
        ("my-revisions/", True),
        ("models/revisions/", True),
        (STORE_PREFIX, False),
        (f"{STORE_PREFIX}churn/", False),
        ("models", False),
        ("/models/", False),
        ("", False),
    ],
)
def test_uploads_never_land_among_stored_revisions(template: Document, prefix: str, is_allowed: bool) -> None:  # noqa: FBT001 - a column of the table
    """Stored objects would start executions; the rule's patterns begin with the prefix."""
    rules = (template["Resources"][name]["Properties"] for name in ("UploadRule", "MisnamedUploadRule"))
    patterns = [pattern for rule in rules for pattern in rule["EventPattern"]["detail"]["object"]["key"]]

    assert bool(re.search(template["Parameters"]["ArtifactPrefix"]["AllowedPattern"], prefix)) == is_allowed
    texts = [pattern.get("wildcard", pattern)["Fn::Sub"] for pattern in patterns]
    assert all(text.startswith("${ArtifactPrefix}") for text in texts)


@pytest.mark.parametrize("rule", ["UploadRule", "MisnamedUploadRule"])
def test_patterns_of_uploads_fit_a_rule_with_every_prefix(template: Document, rule: str) -> None:
    """A pattern has 2,048 characters at most (EventBridge User Guide, quotas); a bucket's name has 63."""
    longest = "m" * template["Parameters"]["ArtifactPrefix"]["MaxLength"]
    pattern = json.dumps(template["Resources"][rule]["Properties"]["EventPattern"], separators=(",", ":"))

    resolved = re.sub(r'\{"Fn::Sub":("[^"]*")\}', r"\1", pattern).replace("${ArtifactPrefix}", longest)

    assert len(resolved.replace('{"Ref":"ArtifactBucket"}', f'"{"b" * 63}"')) <= 2048


def test_unused_resources_are_kept_longer_than_the_visibility_lag(template: Document) -> None:
    """The sweep trusts what it sees of things that are two hours old."""
    assert template["Parameters"]["UnusedRetentionHours"]["MinValue"] >= 2


@pytest.mark.parametrize("groups", [["*"], ["churn"], ["churn", "fraud-*"]], ids=str)
def test_rule_has_a_filter_for_each_pattern_of_a_model_package_group(template: Document, groups: list[str]) -> None:
    """CloudFormation joins the patterns to the text of the rule's event pattern."""
    text, values = template["Resources"]["ModelPackageRule"]["Properties"]["EventPattern"]["Fn::Sub"]
    separator, chosen = values["Groups"]["Fn::Join"]

    pattern = json.loads(text.replace("${Groups}", separator.join(groups)))

    assert chosen == {"Fn::If": ["DeploysPackages", {"Ref": "ModelPackageGroups"}, ["*"]]}
    assert pattern["detail"]["ModelPackageGroupName"] == [{"wildcard": group} for group in groups]


@pytest.mark.parametrize(
    ("group", "is_allowed"), [("*", True), ("churn-*", True), ("", True), ("a**b", False), ('"', False), ("a?", False)]
)
def test_pattern_of_a_model_package_group_is_one_of_eventbridge(
    template: Document,
    group: str,
    is_allowed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """It knows the single asterisk only, and a quotation mark would end the text of the event pattern."""
    assert bool(re.search(template["Parameters"]["ModelPackageGroups"]["AllowedPattern"], group)) == is_allowed


def test_overwritten_versions_expire_only_if_the_parameter_is_set(template: Document) -> None:
    rules = template["Resources"]["ArtifactBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]

    (condition, rule, otherwise) = rules[-1]["Fn::If"]

    assert (condition, otherwise) == ("ExpiresVersions", {"Ref": "AWS::NoValue"})
    assert template["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "NoncurrentVersionDays"}, 0]}]}
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": {"Ref": "NoncurrentVersionDays"}}


@pytest.mark.parametrize(("policy", "service"), [("ArtifactBucketPolicy", "s3"), ("DeadLetterQueuePolicy", "sqs")])
def test_bucket_and_queue_take_only_calls_over_tls(template: Document, policy: str, service: str) -> None:
    statements = template["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]

    (denied,) = [each for each in statements if each.get("Effect") == "Deny"]

    assert (denied["Principal"], denied["Action"]) == ("*", f"{service}:*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_bucket_outlives_its_stack_but_for_a_failed_creation(template: Document) -> None:
    """An empty bucket that stayed would stop the next try, and hold nothing."""
    bucket = template["Resources"]["ArtifactBucket"]

    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
