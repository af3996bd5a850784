"""The scaler as a whole: the lease, the tick of whoever holds it, what is decided, done and logged."""
