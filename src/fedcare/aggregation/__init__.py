"""Strategies' contract, validation of updates, the round loop, checkpoints."""
