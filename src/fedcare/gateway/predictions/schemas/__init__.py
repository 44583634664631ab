"""What is asked for a prediction, and what is answered."""
