"""Minute KPIs with known events: a seeded generator and its scorer."""
