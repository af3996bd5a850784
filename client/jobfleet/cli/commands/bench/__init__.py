"""`jobfleet bench`: load for web addresses and for the queue, and a report."""
