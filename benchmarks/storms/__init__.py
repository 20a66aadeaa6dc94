"""A seeded generator of alert storms with known incidents, unlike the ones the engine was built on.

It writes the format that `eval_correlation.py` scores: <set>/<storm>/alerts.jsonl.gz, topology.json
and labels/<storm>.json. Everything in it is made up: services, rules, hosts and teams.
"""
