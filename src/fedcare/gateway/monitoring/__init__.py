"""Health and measurements of the gateway itself."""
