"""Everything that imports Flower: the apps, the grids they run on, its strategies."""
