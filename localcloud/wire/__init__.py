"""Requests and refusals in the forms in which AWS's clients write and read them.

Never imports what decides about them.
"""
