"""Types of a user's columns: values travel as text, their types beside them by name.

A reader that knows the type of a column names it (`names`); where a table with types is written,
the texts become values of it again (`values`), or the column stays text and the reason is told.
"""
