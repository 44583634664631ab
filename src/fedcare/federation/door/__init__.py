"""The coordinator's only public port: mutual TLS, the nodes' routes, and nothing else."""
