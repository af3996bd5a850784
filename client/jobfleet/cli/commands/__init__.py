"""The commands, a module for each or for a few alike; what they do lies below `cli`.

Never imports another room's command: what two commands share lies in `cli`.
"""
