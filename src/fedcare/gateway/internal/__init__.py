"""What the coordinator's processes tell the gateway."""
