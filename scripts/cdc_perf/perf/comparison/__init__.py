"""Compare two versions: start both side by side, load them in turn, judge, and repeat."""
