"""What is sent: bodies as they come in, within limits of memory, size and time; fields; parameters."""
