"""The table: one module a family, each with a scene of its name."""
