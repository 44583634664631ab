"""An institution's privacy budget and what was charged to it."""
