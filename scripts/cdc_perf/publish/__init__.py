"""Publish results for reviewers: the job summary, and the comment on the pull request."""
