"""The proof that a system is in force: what its definition asks, what its tenants show, and what follows from it."""
