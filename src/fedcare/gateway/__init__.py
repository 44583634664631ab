"""The HTTP API: one folder per domain, each with its endpoints, service, repository and schemas."""
