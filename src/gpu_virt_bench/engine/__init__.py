"""The engine alone decides how often, how long, in which order and when to stop."""
