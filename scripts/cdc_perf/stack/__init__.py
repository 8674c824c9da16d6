"""The pipeline's components: starting, watching and stopping them."""
