"""Injections: texts from outside that try to steer a language model, and one that obeys."""
