"""What has to be fetched or built before anything can run, kept in a cache folder."""
