"""The steps of the product, one file each, each a story of its own."""
