"""The compose stack: the pipeline of docker-compose.yml, in containers."""
