"""Monitors people expect to be there, by the exporters' own names: the TOML files beside this one.

A preset is a text with blanks. Its variables fill them; `selector`, `service` and `model` are in
every preset.
"""

from knowledge.monitors.presets.preset import Preset, PresetMetric
from knowledge.monitors.presets.read import find_preset, load_preset, presets
from knowledge.monitors.presets.variable import Kind, Variable

__all__ = [
    "Kind",
    "Preset",
    "PresetMetric",
    "Variable",
    "find_preset",
    "load_preset",
    "presets",
]
