"""The scaler: how many workers there are to be, and what is done about it.

It runs on the workers and web hosts themselves; a lease in the stack's bucket says which one decides.
"""
