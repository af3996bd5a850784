"""Jobs on their way out: checked, put into the bucket where they are large, sent ten at a time.

Never imports what waits for answers (`answers`).
"""
