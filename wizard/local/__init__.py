"""This computer: files, locks, the log, `.env`, and what must not be shown."""
