"""Owns the collection of broken and odd files, each made by code, with the findings and lines that it must give."""
