"""The project's own sources and packages."""
