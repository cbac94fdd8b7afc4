"""Many runs over time, read from a directory of run files: series that may be compared, trends, change points."""
