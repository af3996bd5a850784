"""What all measurements tell alike: the machine they ran on, tables, and their place on the page."""
