"""Attacks on a run's own model: what its claims about privacy are worth when somebody tries."""
