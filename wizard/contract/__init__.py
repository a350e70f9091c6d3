"""What programs are told: the one envelope, the codes of its errors, the form of each result, and events; knows nothing of the rest."""
