"""The account and its credentials, as the playbooks find and use them."""
