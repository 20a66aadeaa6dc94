"""What Tandem keeps when what it stands on fails: faults, made again and again, and counted."""
