"""Ranking a library for queries: engine, fusion, hit lists."""
