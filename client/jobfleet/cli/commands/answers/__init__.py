"""Commands about jobs that were sent: their answers, files and list."""
