"""MLflow: its model registry, as `ports.Models`."""

from knowledge.adapters.mlflow.registry import MlflowModels

__all__ = ["MlflowModels"]
