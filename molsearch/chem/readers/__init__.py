"""Molecule files as streams of rows: one format a file, memory bounded whatever the input.

``sources`` expands what the user named, ``streams`` opens and inflates it, ``detect`` tells the
formats apart, ``layout`` and ``columns`` find delimiter, header and columns of text, and ``smi``,
``delimited``, ``sdf`` and ``parquet`` turn each row into a `Row`. Nothing here judges chemistry.
"""
