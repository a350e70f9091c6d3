"""What a row means: which field is the question, the options, the answer or a turn, in every shape that is known."""
