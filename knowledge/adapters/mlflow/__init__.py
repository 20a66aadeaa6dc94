"""MLflow: its model registry and its prompt registry, each as `ports.Models`."""

from knowledge.adapters.mlflow.prompts import MlflowPrompts
from knowledge.adapters.mlflow.registry import MlflowModels

__all__ = ["MlflowModels", "MlflowPrompts"]
