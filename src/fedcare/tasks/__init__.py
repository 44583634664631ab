"""What is learned: built-in tasks, tasks declared in TOML, and the registry third parties extend."""
