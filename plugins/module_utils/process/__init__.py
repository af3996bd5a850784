"""What all actions share that work in Ansible's own process."""
