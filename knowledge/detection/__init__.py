"""Detectors: what is wrong in one series, point by point.

Pure: a time and a value go in, a reading comes out. A detector learns what its series is, and looks
for what is wrong in a series of that family.
"""

from knowledge.detection.detector import Detector
from knowledge.detection.reading import ALARM, Family, Looks, Reading, Readings, Side

__all__ = ["ALARM", "Detector", "Family", "Looks", "Reading", "Readings", "Side"]
