"""What people read: pure functions of runs. The only place that formats a number."""
