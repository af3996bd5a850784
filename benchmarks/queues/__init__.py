"""Standard and FIFO queues side by side; docs/queues.md tells what follows from it."""
