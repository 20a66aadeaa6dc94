"""The model registry of Amazon SageMaker: model package groups and their versions."""

from knowledge.adapters.sagemaker.registry import SageMakerModels

__all__ = ["SageMakerModels"]
