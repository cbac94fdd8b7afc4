"""What a report of runs says, as blocks: the same for every format."""
