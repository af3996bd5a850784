"""The event loop: hosts that boot, work, drain and fail, and the jobs that wait for them."""
