"""`jobfleet shell`: the lab's own command words, in one line or at a prompt."""
