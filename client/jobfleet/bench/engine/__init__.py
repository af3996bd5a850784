"""The engine: loops that send, what they send through, and samples of all that came back."""
