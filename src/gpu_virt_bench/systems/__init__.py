"""The systems: one TOML file each. The only place that knows a vendor's name."""
