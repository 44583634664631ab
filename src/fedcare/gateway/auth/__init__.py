"""Signing in, sessions and signing keys."""
