"""Money: what was approved, spent and is running."""
