"""Records in, chat rows out: reading, checking and converting the user's data, with no terminal and no network."""
