"""The platform: what it offers, what it costs, and how to talk to it."""
