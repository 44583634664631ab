"""Flower's SuperLink in a process of our own: a public door for nodes, and a private listener for the coordinator."""
