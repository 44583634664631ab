"""Patients: kept, searched, imported, exported, erased."""
