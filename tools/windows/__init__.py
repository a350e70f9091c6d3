"""A Windows to test on, for those who have none."""
