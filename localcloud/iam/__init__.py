"""Keys, and what each may do: AWS's evaluation of policies.

Never imports hosts.
"""
