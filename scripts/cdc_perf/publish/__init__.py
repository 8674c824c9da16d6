"""Results where reviewers look: the job summary and the comment on the pull request."""
