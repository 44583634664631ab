"""One attempt at a run over real nodes: the process that asks them, reports, judges and releases what came out."""
