"""The others: the same jobs in other task queues, in bare loops, in a bare codec."""
