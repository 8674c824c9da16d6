"""What the harness itself costs, measured."""
