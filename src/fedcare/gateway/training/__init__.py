"""Runs, their rounds and figures, and the nodes."""
