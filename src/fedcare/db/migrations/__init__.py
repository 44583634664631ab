"""One history of migrations for every deployment."""
