"""Everything that people see and answer: lines, tables, progress, questions and errors.

Never imports the commands.
"""
