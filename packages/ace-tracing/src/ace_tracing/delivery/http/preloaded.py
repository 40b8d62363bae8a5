"""Models of `kayba_api` that its own functions import when they are first needed.

They are imported here, with the pipeline, on the thread that calls `configure`. The worker's thread imports nothing.
"""

from kayba_api.models import (  # noqa: F401
    ArtifactSpan,
    Assessment,
    AssessmentError,
    AssessmentMetadata,
    AssessmentSource,
    Expectation,
    Experiment,
    ExperimentTag,
    ExportTracePartialSuccess,
    Feedback,
    JsonObject,
    MlflowExperimentLocation,
    NewTrace,
    NewTraceInfo,
    NewTraceMetadata,
    NewTraceTags,
    SerializedValue,
    StoredAssessment,
    TraceInfo,
    TraceInfoEnvelope,
    TraceLocation,
    TraceMetadata,
    TraceTags,
)
