"""Each protection whole: what the institution does and what the coordinator does, in one file."""
