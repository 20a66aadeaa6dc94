"""Promotion at work: asks the ports, applies `knowledge.promotion`, moves the alias."""
