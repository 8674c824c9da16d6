"""The main job: one run from the stack's start to the summary."""
