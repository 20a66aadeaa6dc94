"""Attacks: bad inputs for every way into Tandem, and what came of them.

`python -m benchmarks.attacks` runs all classes against a real bot on loopback. A class is a module
with CLASSES; `tally` counts, `world` is the bot that is attacked, `injections` has the texts that
try to steer a language model. `parsers` lists every parser, `searched` lets hypothesis loose on
each, `openapi` schemathesis where that is installed.
"""
