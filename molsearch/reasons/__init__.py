"""Reasons: which atoms make a hit's score, what it shares with its query, which queries agree."""
