"""What a release is made of, and whether a commit is ready for it."""
