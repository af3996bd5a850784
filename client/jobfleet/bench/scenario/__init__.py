"""What is sent, when: phases of requests and pauses, read from options or a file, and their bounds."""
