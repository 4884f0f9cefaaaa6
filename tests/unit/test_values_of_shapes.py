"""Values of SageMaker's service model: which are taken, and what is said of the others."""

from __future__ import annotations

import pytest

from deployer.request.service_model import check_shape

KEYS = {f"K{number}": "x" for number in range(101)}

TAKEN = {
    "text of the most characters": ("ModelName", "x" * 63),
    "a list of the fewest entries": ("Subnets", ["a"]),
    "a list of the most entries": ("Subnets", ["a"] * 16),
    "a mapping of the most entries": ("EnvironmentMap", dict([*KEYS.items()][:100])),
    "the least number": ("SamplingPercentage", 0),
    "the highest number": ("SamplingPercentage", 100),
    "a whole number where fractions may be": ("VariantWeight", 1),
    "no truth": ("EnableCapture", False),
    "an empty place for an upload": ("ContainerDefinition", {"Image": "i", "ModelDataUrl": None}),
}

REFUSED = {
    "no mapping": ("EnvironmentMap", [1], "P: must be a mapping, and is a list"),
    "no structure": ("Tag", "x", "P: must be a mapping, and is text"),
    "no list": ("Subnets", {}, "P: must be a list, and is a mapping"),
    "no text": ("ModelName", 5, "P: must be text, and is a number, 5; quote it"),
    "no text but truth": ("ModelName", True, "P: must be text, and is true or false, True; quote it"),
    "nothing": ("ModelName", None, "P: must be text, and is empty"),
    "no number": ("VariantWeight", "1", "P: must be a number, and is text, '1'"),
    "truth in place of a number": ("VariantWeight", True, "P: must be a number, and is true or false, True"),
    "a fraction": ("InitialTaskCount", 1.5, "P: must be a whole number, and is a number, 1.5"),
    "no truth": ("EnableCapture", "yes", "P: must be true or false, and is text, 'yes'"),
    "a number that is too low": ("SamplingPercentage", -1, "P: -1 is not 0 to 100"),
    "a number that is too high": ("SamplingPercentage", 101, "P: 101 is not 0 to 100"),
    "a number below the least": ("InitialTaskCount", 0, "P: 0 is not at least 1"),
    "too many characters": ("ModelName", "x" * 64, "P: has 64 characters; … 0 to 63"),
    "too few entries": ("Subnets", [], "P: has 0 entries; … 1 to 16"),
    "too many entries": ("Subnets", ["a"] * 17, "P: has 17 entries; … 1 to 16"),
    "too large a mapping": ("EnvironmentMap", KEYS, "P: has 101 entries; … 0 to 100"),
    "a wrong entry of a list": ("Subnets", ["a", 5], "P[1]: must be text, and is a number, 5; quote it"),
    "a wrong value in a mapping": ("EnvironmentMap", {"A": 1}, "P.A: must be text, and is a number; quote it"),
    "a misspelt field": (
        "Tag",
        {"Key": "a", "Value": "b", "Keyy": 1},
        "P.Keyy: is not a field of Tag; did you mean 'Key'?",
    ),
    "a field that is missing": ("Tag", {"Key": "a"}, "P.Value: is missing"),
    "an empty field": ("Tag", {"Key": "a", "Value": None}, "P.Value: must be text, and is empty"),
    "one of few words": ("ContainerMode", "x", "P: 'x' is not a valid container mode; one of SingleModel, MultiModel"),
    "one of many words": (
        "ProductionVariantInstanceType",
        "ml.m5.lrge",
        "P: 'ml.m5.lrge' is not a valid production variant instance type; did you mean 'ml.m5.large'?",
    ),
    "none of many words": (
        "ProductionVariantInstanceType",
        "nonsense",
        "P: 'nonsense' is not a valid production variant instance type",
    ),
}


@pytest.mark.parametrize(("shape", "value"), TAKEN.values(), ids=TAKEN)
def test_value_of_a_shape_is_taken(shape: str, value: object) -> None:
    assert check_shape(shape, value, "P") == []


@pytest.mark.parametrize(("shape", "value", "said"), REFUSED.values(), ids=REFUSED)
def test_value_that_does_not_fit_is_reported_by_its_path(shape: str, value: object, said: str) -> None:
    """The dots stand for the owner of the limit."""
    (problem,) = map(str, check_shape(shape, value, "P"))

    beginning, _, end = said.partition("… ")
    assert problem.startswith(beginning)
    assert problem.endswith(end or beginning)


def test_patterns_match_letters_of_all_languages() -> None:
    """Java's classes of characters are respelled for Python."""
    assert check_shape("TagValue", "größe 1", "P") == []
    assert [str(each) for each in check_shape("TagValue", "a!", "P")] == [
        r"P: 'a!' is not a valid tag value: it does not match ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"
    ]


def test_secret_value_is_never_shown() -> None:
    (problem,) = check_shape("EnvironmentMap", {"TOKEN": "x" * 1025}, "P")

    assert problem.path == "P.TOKEN"
    assert "xx" not in problem.message


def test_enum_that_is_open_takes_new_words() -> None:
    assert check_shape("ContainerMode", "x", "P", open_enums=True) == []


def test_field_that_the_deployer_fills_in_is_to_be_left_out() -> None:
    found = check_shape("Tag", {"Key": "a"}, "", supplied={"Key", "Value"})

    assert [str(each) for each in found] == ["Key: is named by the deployer; leave it out"]
