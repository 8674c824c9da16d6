"""Tools that are downloaded or built before anything can run, kept in the tool cache."""
