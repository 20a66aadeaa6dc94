"""Tandem beside Evidently, NannyML, alibi-detect and whylogs, each in an environment of its own."""
