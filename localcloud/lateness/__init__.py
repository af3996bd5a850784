"""How late the cloud is: what was made is not seen at once, and what was removed lingers.

AWS is late by chance. Here it is only where `up` or a test asks for it (`state.Delays`), and mostly counted
in calls, so that nobody has to wait for it.
"""
