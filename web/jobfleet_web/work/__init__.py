"""What lies between the web tier and the stack: uploads on their way out, and what became of them.

`work.py` is the door. Nothing here knows HTTP, but for what an error or a stored file is answered with.
"""
