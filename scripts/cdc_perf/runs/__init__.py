"""Run folders, read: strictly for judging, leniently for showing."""
