"""Many files through one operation, in a run that can be taken up again where it ended.

Never imports the command line; whoever watches a run is handed to it.
"""
