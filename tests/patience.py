"""How long a test waits for what should have come at once: a net under what hangs, so long that no load reaches it."""

from __future__ import annotations

PATIENCE = 300.0
"""Seconds. What comes is taken as soon as it is there, and so this costs nothing unless something never comes."""
