"""Plans, what an institution says to them, and what left it."""
