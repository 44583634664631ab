"""Neural networks and how they become one flat vector."""
