"""Where records come from: CSV, npz, image folders, bundled tables, generators."""
