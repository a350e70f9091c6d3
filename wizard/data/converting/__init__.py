"""Records to the bytes that are sent, in files of their own."""
