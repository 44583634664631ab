"""What FedCare claims about quality and speed, measured: ``python -m benchmarks.NAME`` from the repository's root.

Progress goes to stderr, a short table to stdout; ``--json`` puts one JSON object on stdout instead. A benchmark is no
test: it ends with 0 whatever it finds. All of them go through the code that ``fedcare simulate`` runs.
"""
