"""Model versions: artifact, lineage, card."""
