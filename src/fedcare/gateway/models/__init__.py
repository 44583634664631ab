"""Model versions: which answers, since when, and how well."""
