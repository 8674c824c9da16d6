"""Read run folders: strictly for judging, leniently for showing."""
