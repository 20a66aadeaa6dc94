"""Gates: small functions from the evidence to what they found. Installed ones are found by the
entry point group `tandem.gates`; those of Tandem itself are registered the same way."""

from knowledge.promotion.gates.contract import Finding, GateSpec, Reader

__all__ = ["Finding", "GateSpec", "Reader"]
