"""The words of the program as plain immutable data. Standard library alone; imports nothing of ours."""
