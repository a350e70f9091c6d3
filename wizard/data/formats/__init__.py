"""The containers and encodings that rows come in: one module each, from bytes to rows with their physical lines."""
