"""The step engine: what to ask next, what is remembered, and what is done once and never twice."""
