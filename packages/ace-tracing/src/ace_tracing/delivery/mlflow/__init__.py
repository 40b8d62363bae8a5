"""MLflow artifact export: trace info and span file for servers without OTLP."""
