"""What the harness and the embedded stack cost and reach, measured."""
