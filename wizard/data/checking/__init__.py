"""Records to findings: what should be known of rows that can be sent, and of whole files."""
