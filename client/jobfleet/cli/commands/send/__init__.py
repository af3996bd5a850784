"""Commands that send jobs."""
