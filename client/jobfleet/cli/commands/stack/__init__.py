"""Commands about the stack: its state, logs, queues and settings."""
