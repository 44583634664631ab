"""The coordinator's worker: takes runs from the queue, keeps each of them owned, and starts those that are due."""
