"""Records to checked arrays: sources, schema, partitioning, preprocessing. Needs no torch."""
