# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""The models of requests and responses. A model is imported when its name is first used."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .any_value import AnyValue
    from .api_error import ApiError
    from .array_value import ArrayValue
    from .artifact_span import ArtifactSpan
    from .assessment import Assessment
    from .assessment_answer import AssessmentAnswer
    from .assessment_error import AssessmentError
    from .assessment_metadata import AssessmentMetadata
    from .assessment_source import AssessmentSource
    from .assessment_source_type import AssessmentSourceType
    from .batch_get_trace_files_request import BatchGetTraceFilesRequest
    from .create_assessment_request import CreateAssessmentRequest
    from .create_experiment_request import CreateExperimentRequest
    from .create_trace_info_request import CreateTraceInfoRequest
    from .created_experiment import CreatedExperiment
    from .delete_trace_tag_request import DeleteTraceTagRequest
    from .delete_traces_request import DeleteTracesRequest
    from .deleted_traces import DeletedTraces
    from .empty import Empty
    from .error_detail import ErrorDetail
    from .expectation import Expectation
    from .experiment import Experiment
    from .experiment_answer import ExperimentAnswer
    from .experiment_lifecycle_stage import ExperimentLifecycleStage
    from .experiment_page import ExperimentPage
    from .experiment_tag import ExperimentTag
    from .export_trace_partial_success import ExportTracePartialSuccess
    from .export_trace_service_request import ExportTraceServiceRequest
    from .export_trace_service_response import ExportTraceServiceResponse
    from .feedback import Feedback
    from .file_type import FileType
    from .generate_insights_request import GenerateInsightsRequest
    from .generate_prompt_request import GeneratePromptRequest
    from .generated_prompt import GeneratedPrompt
    from .insight import Insight
    from .insight_decision import InsightDecision
    from .insight_list import InsightList
    from .insight_status import InsightStatus
    from .instrumentation_scope import InstrumentationScope
    from .integration_auth_type import IntegrationAuthType
    from .integration_config import IntegrationConfig
    from .integration_name import IntegrationName
    from .integration_test_result import IntegrationTestResult
    from .integrations import Integrations
    from .job import Job
    from .job_result import JobResult
    from .json_object import JsonObject
    from .key_value import KeyValue
    from .key_value_list import KeyValueList
    from .langsmith_integration import LangsmithIntegration
    from .materialized_job import MaterializedJob
    from .mlflow_experiment_location import MlflowExperimentLocation
    from .mlflow_integration import MlflowIntegration
    from .model import Model
    from .new_trace import NewTrace
    from .new_trace_file import NewTraceFile
    from .new_trace_info import NewTraceInfo
    from .new_trace_metadata import NewTraceMetadata
    from .new_trace_tags import NewTraceTags
    from .non_finite_number import NonFiniteNumber
    from .otlp_event import OtlpEvent
    from .otlp_link import OtlpLink
    from .otlp_span import OtlpSpan
    from .otlp_status import OtlpStatus
    from .prompt import Prompt
    from .prompt_content import PromptContent
    from .prompt_list import PromptList
    from .prompt_summary import PromptSummary
    from .reflector_mode import ReflectorMode
    from .resource import Resource
    from .resource_spans import ResourceSpans
    from .scope_spans import ScopeSpans
    from .search_experiments_request import SearchExperimentsRequest
    from .search_traces_request import SearchTracesRequest
    from .serialized_value import SerializedValue
    from .set_trace_tag_request import SetTraceTagRequest
    from .span import Span
    from .span_array_value import SpanArrayValue
    from .span_attribute import SpanAttribute
    from .span_event import SpanEvent
    from .span_key_value_list import SpanKeyValueList
    from .span_link import SpanLink
    from .span_status import SpanStatus
    from .span_status_code import SpanStatusCode
    from .span_value import SpanValue
    from .started_job import StartedJob
    from .stored_assessment import StoredAssessment
    from .trace import Trace
    from .trace_answer import TraceAnswer
    from .trace_artifact import TraceArtifact
    from .trace_batch import TraceBatch
    from .trace_file import TraceFile
    from .trace_file_batch import TraceFileBatch
    from .trace_file_list import TraceFileList
    from .trace_file_with_content import TraceFileWithContent
    from .trace_info import TraceInfo
    from .trace_info_answer import TraceInfoAnswer
    from .trace_info_envelope import TraceInfoEnvelope
    from .trace_location import TraceLocation
    from .trace_location_type import TraceLocationType
    from .trace_metadata import TraceMetadata
    from .trace_page import TracePage
    from .trace_state import TraceState
    from .trace_tags import TraceTags
    from .tracing_error import TracingError
    from .update_insight_request import UpdateInsightRequest
    from .upload_trace_files_request import UploadTraceFilesRequest
    from .upload_trace_files_result import UploadTraceFilesResult
    from .uploaded_trace_file import UploadedTraceFile
    from .view_type import ViewType

__all__ = (
    "AnyValue",
    "ApiError",
    "ArrayValue",
    "ArtifactSpan",
    "Assessment",
    "AssessmentAnswer",
    "AssessmentError",
    "AssessmentMetadata",
    "AssessmentSource",
    "AssessmentSourceType",
    "BatchGetTraceFilesRequest",
    "CreateAssessmentRequest",
    "CreatedExperiment",
    "CreateExperimentRequest",
    "CreateTraceInfoRequest",
    "DeletedTraces",
    "DeleteTracesRequest",
    "DeleteTraceTagRequest",
    "Empty",
    "ErrorDetail",
    "Expectation",
    "Experiment",
    "ExperimentAnswer",
    "ExperimentLifecycleStage",
    "ExperimentPage",
    "ExperimentTag",
    "ExportTracePartialSuccess",
    "ExportTraceServiceRequest",
    "ExportTraceServiceResponse",
    "Feedback",
    "FileType",
    "GeneratedPrompt",
    "GenerateInsightsRequest",
    "GeneratePromptRequest",
    "Insight",
    "InsightDecision",
    "InsightList",
    "InsightStatus",
    "InstrumentationScope",
    "IntegrationAuthType",
    "IntegrationConfig",
    "IntegrationName",
    "Integrations",
    "IntegrationTestResult",
    "Job",
    "JobResult",
    "JsonObject",
    "KeyValue",
    "KeyValueList",
    "LangsmithIntegration",
    "MaterializedJob",
    "MlflowExperimentLocation",
    "MlflowIntegration",
    "Model",
    "NewTrace",
    "NewTraceFile",
    "NewTraceInfo",
    "NewTraceMetadata",
    "NewTraceTags",
    "NonFiniteNumber",
    "OtlpEvent",
    "OtlpLink",
    "OtlpSpan",
    "OtlpStatus",
    "Prompt",
    "PromptContent",
    "PromptList",
    "PromptSummary",
    "ReflectorMode",
    "Resource",
    "ResourceSpans",
    "ScopeSpans",
    "SearchExperimentsRequest",
    "SearchTracesRequest",
    "SerializedValue",
    "SetTraceTagRequest",
    "Span",
    "SpanArrayValue",
    "SpanAttribute",
    "SpanEvent",
    "SpanKeyValueList",
    "SpanLink",
    "SpanStatus",
    "SpanStatusCode",
    "SpanValue",
    "StartedJob",
    "StoredAssessment",
    "Trace",
    "TraceAnswer",
    "TraceArtifact",
    "TraceBatch",
    "TraceFile",
    "TraceFileBatch",
    "TraceFileList",
    "TraceFileWithContent",
    "TraceInfo",
    "TraceInfoAnswer",
    "TraceInfoEnvelope",
    "TraceLocation",
    "TraceLocationType",
    "TraceMetadata",
    "TracePage",
    "TraceState",
    "TraceTags",
    "TracingError",
    "UpdateInsightRequest",
    "UploadedTraceFile",
    "UploadTraceFilesRequest",
    "UploadTraceFilesResult",
    "ViewType",
)

_MODULES = {
    "AnyValue": ".any_value",
    "ApiError": ".api_error",
    "ArrayValue": ".array_value",
    "ArtifactSpan": ".artifact_span",
    "Assessment": ".assessment",
    "AssessmentAnswer": ".assessment_answer",
    "AssessmentError": ".assessment_error",
    "AssessmentMetadata": ".assessment_metadata",
    "AssessmentSource": ".assessment_source",
    "AssessmentSourceType": ".assessment_source_type",
    "BatchGetTraceFilesRequest": ".batch_get_trace_files_request",
    "CreateAssessmentRequest": ".create_assessment_request",
    "CreateExperimentRequest": ".create_experiment_request",
    "CreateTraceInfoRequest": ".create_trace_info_request",
    "CreatedExperiment": ".created_experiment",
    "DeleteTraceTagRequest": ".delete_trace_tag_request",
    "DeleteTracesRequest": ".delete_traces_request",
    "DeletedTraces": ".deleted_traces",
    "Empty": ".empty",
    "ErrorDetail": ".error_detail",
    "Expectation": ".expectation",
    "Experiment": ".experiment",
    "ExperimentAnswer": ".experiment_answer",
    "ExperimentLifecycleStage": ".experiment_lifecycle_stage",
    "ExperimentPage": ".experiment_page",
    "ExperimentTag": ".experiment_tag",
    "ExportTracePartialSuccess": ".export_trace_partial_success",
    "ExportTraceServiceRequest": ".export_trace_service_request",
    "ExportTraceServiceResponse": ".export_trace_service_response",
    "Feedback": ".feedback",
    "FileType": ".file_type",
    "GenerateInsightsRequest": ".generate_insights_request",
    "GeneratePromptRequest": ".generate_prompt_request",
    "GeneratedPrompt": ".generated_prompt",
    "Insight": ".insight",
    "InsightDecision": ".insight_decision",
    "InsightList": ".insight_list",
    "InsightStatus": ".insight_status",
    "InstrumentationScope": ".instrumentation_scope",
    "IntegrationAuthType": ".integration_auth_type",
    "IntegrationConfig": ".integration_config",
    "IntegrationName": ".integration_name",
    "IntegrationTestResult": ".integration_test_result",
    "Integrations": ".integrations",
    "Job": ".job",
    "JobResult": ".job_result",
    "JsonObject": ".json_object",
    "KeyValue": ".key_value",
    "KeyValueList": ".key_value_list",
    "LangsmithIntegration": ".langsmith_integration",
    "MaterializedJob": ".materialized_job",
    "MlflowExperimentLocation": ".mlflow_experiment_location",
    "MlflowIntegration": ".mlflow_integration",
    "Model": ".model",
    "NewTrace": ".new_trace",
    "NewTraceFile": ".new_trace_file",
    "NewTraceInfo": ".new_trace_info",
    "NewTraceMetadata": ".new_trace_metadata",
    "NewTraceTags": ".new_trace_tags",
    "NonFiniteNumber": ".non_finite_number",
    "OtlpEvent": ".otlp_event",
    "OtlpLink": ".otlp_link",
    "OtlpSpan": ".otlp_span",
    "OtlpStatus": ".otlp_status",
    "Prompt": ".prompt",
    "PromptContent": ".prompt_content",
    "PromptList": ".prompt_list",
    "PromptSummary": ".prompt_summary",
    "ReflectorMode": ".reflector_mode",
    "Resource": ".resource",
    "ResourceSpans": ".resource_spans",
    "ScopeSpans": ".scope_spans",
    "SearchExperimentsRequest": ".search_experiments_request",
    "SearchTracesRequest": ".search_traces_request",
    "SerializedValue": ".serialized_value",
    "SetTraceTagRequest": ".set_trace_tag_request",
    "Span": ".span",
    "SpanArrayValue": ".span_array_value",
    "SpanAttribute": ".span_attribute",
    "SpanEvent": ".span_event",
    "SpanKeyValueList": ".span_key_value_list",
    "SpanLink": ".span_link",
    "SpanStatus": ".span_status",
    "SpanStatusCode": ".span_status_code",
    "SpanValue": ".span_value",
    "StartedJob": ".started_job",
    "StoredAssessment": ".stored_assessment",
    "Trace": ".trace",
    "TraceAnswer": ".trace_answer",
    "TraceArtifact": ".trace_artifact",
    "TraceBatch": ".trace_batch",
    "TraceFile": ".trace_file",
    "TraceFileBatch": ".trace_file_batch",
    "TraceFileList": ".trace_file_list",
    "TraceFileWithContent": ".trace_file_with_content",
    "TraceInfo": ".trace_info",
    "TraceInfoAnswer": ".trace_info_answer",
    "TraceInfoEnvelope": ".trace_info_envelope",
    "TraceLocation": ".trace_location",
    "TraceLocationType": ".trace_location_type",
    "TraceMetadata": ".trace_metadata",
    "TracePage": ".trace_page",
    "TraceState": ".trace_state",
    "TraceTags": ".trace_tags",
    "TracingError": ".tracing_error",
    "UpdateInsightRequest": ".update_insight_request",
    "UploadTraceFilesRequest": ".upload_trace_files_request",
    "UploadTraceFilesResult": ".upload_trace_files_result",
    "UploadedTraceFile": ".uploaded_trace_file",
    "ViewType": ".view_type",
}

# Hidden from type checkers: with `__getattr__` they would accept any name.
if not TYPE_CHECKING:

    def __getattr__(name):
        module = _MODULES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        model = globals()[name] = getattr(import_module(module, __name__), name)
        return model

    def __dir__():
        return sorted({*globals(), *__all__})
