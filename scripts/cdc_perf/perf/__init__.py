"""The main job: a run, from starting the stack to the summary."""
