"""The embedded AWS: moto in one process, with EC2 made real by local Debian hosts.

Only for trying and testing on one machine. Product code never imports it; the playbooks, the
worker and the client see nothing but `AWS_ENDPOINT_URL`.
"""
