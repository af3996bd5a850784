"""The commands of `python -m localcloud`.

Never imports moto: they talk to the server that has it.
"""
