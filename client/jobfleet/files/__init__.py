"""Files that commands read and write, whatever they are: regular ones, links, pipes, devices.

Never imports AWS.
"""
