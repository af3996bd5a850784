"""The endpoints by which instances are compared: who answers, and how fast it computes."""
