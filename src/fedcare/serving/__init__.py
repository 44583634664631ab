"""A model version and one record give a prediction. Needs no torch."""
