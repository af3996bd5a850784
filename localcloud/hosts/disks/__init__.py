"""What hosts boot from: the base image, layers above it, and each host's own disk."""
