"""Predictions for patients and images, and their history."""
