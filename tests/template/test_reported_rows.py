"""Every input and incident that was reported as failing has tests with the right outcome, which this table names."""

from __future__ import annotations

import ast
import functools

import pytest

from tests.template.shipped import ROOT

REPORTED: dict[str, tuple[str, ...]] = {
    "01 a smoke test fails after the artifact was overwritten": (
        "machine/test_reported_cases.py::test_case_01_overwritten_artifact_that_fails_its_smoke_test_leaves_the_first_bytes",
    ),
    "02 a rollback after the key was overwritten": (
        "machine/test_reported_cases.py::test_case_02_rollback_answers_with_the_first_bytes_of_an_overwritten_key",
    ),
    "03 the live config was deleted": (
        "machine/test_reported_cases.py::test_case_03_deleted_live_config_is_reported_in_plain_words",
    ),
    "04 a plan that is too large": (
        "machine/test_reported_cases.py::test_case_04_request_of_any_size_has_an_outcome",
        "machine/test_reported_cases.py::test_case_04_limit_is_reported",
    ),
    "05 smoke tests of multi-model and direct containers": (
        "unit/test_smoke_test_limits.py::test_field_of_a_smoke_test_is_required_by_its_model_and_refused_for_others",
        "unit/inference/test_answers.py::test_further_fields_of_a_smoke_test_are_sent",
    ),
    "06 a container that fetches its weights itself": (
        "unit/test_reported_model_data.py::test_container_that_waits_for_an_artifact_is_named",
        "unit/test_reported_model_data.py::test_container_that_fetches_its_weights_itself_waits_for_nothing",
    ),
    "07 a serial pipeline of which one container has data": (
        "unit/test_reported_model_data.py::test_pipeline_gets_the_archive_where_the_request_marks_it",
        "unit/test_reported_model_data.py::test_pipeline_does_not_give_the_upload_to_all_containers",
    ),
    "08 gated model data": ("unit/test_reported_model_data.py::test_gated_model_data_need_not_be_readable",),
    "09 a change of tags alone": (
        "machine/test_reported_cases.py::test_case_09_change_of_tags_alone_changes_no_instance",
        "machine/test_reported_cases.py::test_case_09_update_brings_the_tags_of_the_endpoint_along",
    ),
    "10 AsyncInferenceConfig is removed": (
        "unit/test_reported_updates.py::test_asynchronous_endpoint_stays_asynchronous",
    ),
    "11 what SageMaker refuses": ("unit/test_request_rules.py::test_refusals_of_sagemaker_are_rejected_by_field",),
    "12 a canary of a Marketplace model, and of the whole fleet": (
        "unit/test_request_rules.py::test_refusals_of_sagemaker_are_rejected_by_field",
        "unit/test_reported_updates.py::test_canary_of_the_whole_fleet_is_reported",
    ),
    "13 tags inside a model": (
        "unit/test_planned_calls.py::test_tags_of_the_deployer_win_over_those_of_a_request",
        "unit/test_request_rules.py::test_refusals_of_sagemaker_are_rejected_by_field",
    ),
    "14 messages that mislead": ("unit/test_reported_messages.py::test_message_has_the_text_to_write",),
    "15 two executions of one request": (
        "machine/test_reported_twins.py::test_case_15_twin_that_cannot_create_its_config_reverts_nothing",
        "machine/test_reported_twins.py::test_case_15_twins_with_slow_answers_are_one_deployment",
        "machine/test_reported_twins.py::test_case_15_twins_that_run_out_of_time_never_revert_each_other",
    ),
    "16 causes that are too large": (
        "machine/test_reported_cases.py::test_case_16_smoke_test_with_a_huge_cause_is_restored",
        "machine/test_reported_cases.py::test_case_16_manifest_with_thousands_of_wrong_values_is_rejected",
    ),
    "17 a run that was stopped in its smoke test": (
        "machine/test_resume.py::test_repeated_event_whose_smoke_test_fails_restores_the_first_bytes",
    ),
    "18 a history that is too long": (
        "machine/test_reported_twins.py::test_case_18_execution_that_waits_its_turn_stays_far_below_the_history_limit",
    ),
    "thousands of configs whose names contain that of the endpoint": (
        "machine/test_reported_twins.py::test_configs_whose_names_contain_that_of_the_endpoint_change_nothing",
    ),
    "a scaled endpoint that cannot be deleted": (
        "local/test_used_permissions.py::test_nothing_that_a_function_needs_is_denied",
    ),
    "answers of S3 that stay": ("unit/s3_objects/test_failing_calls.py::test_answers_of_s3_become_errors",),
    "waits beyond the deployment timeout": (
        "unit/test_reported_updates.py::test_waits_beyond_the_deployment_timeout_are_reported",
    ),
    "an alarm that is in ALARM already": (
        "unit/test_reported_updates.py::test_alarm_that_is_in_alarm_already_is_reported",
    ),
    "waits beyond MaximumExecutionTimeoutInSeconds": (
        "unit/test_request_rules.py::test_refusals_of_sagemaker_are_rejected_by_field",
    ),
    "an image that was pushed again under its tag": (
        "unit/test_plan_warnings.py::test_image_tag_of_the_live_revision_has_a_warning",
    ),
    "the simulator and inference components": (
        "unit/hosting/test_hosting_components.py::test_inference_component_answers_by_its_name",
    ),
    "the simulator and a fleet of no instances": (
        "unit/hosting/test_hosting_records.py::test_fleet_that_is_scaled_to_zero_is_updated_by_instances",
    ),
    "the simulator accepts what SageMaker refuses": (
        "unit/hosting/test_hosting_refused_configs.py::test_a_config_that_contradicts_itself_is_refused",
        "unit/hosting/test_hosting_refused_updates.py::test_an_update_that_sagemaker_does_not_do_is_refused",
    ),
    "a canary that is rolled back while another request waits": (
        "machine/test_reported_twins.py::test_canary_that_was_rolled_back_fails_although_another_request_takes_over",
    ),
    "a misspelt ModelName": ("unit/test_rules_of_models.py::test_misspelt_model_is_reported_where_it_is_named",),
    "requests that wait after the live config was deleted": (
        "machine/test_reported_cases.py::test_case_03_deleted_live_config_is_reported_in_plain_words",
    ),
    "a wrong manifest that waits for its artifact": (
        "unit/test_reported_model_data.py::test_manifest_that_is_wrong_waits_for_no_artifact",
    ),
    "a rejected upload without its endpoint": (
        "unit/test_outcome.py::test_rejected_upload_is_named_by_its_event_and_folder",
    ),
}


@functools.cache
def functions_in(path: str) -> set[str]:
    """Name the test functions of a file."""
    tree = ast.parse((ROOT / "tests" / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("tests", REPORTED.values(), ids=REPORTED)
def test_reported_case_has_its_tests(tests: tuple[str, ...]) -> None:
    for test in tests:
        path, _, name = test.partition("::")

        assert name in functions_in(path), test
