"""EC2 with a real host behind each instance, its metadata service, and the limits of a lab."""
