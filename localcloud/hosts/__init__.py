"""Debian hosts as systemd containers: image, addresses, firewall, their lives and their ends.

Never imports moto.
"""
