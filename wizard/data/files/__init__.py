"""Files: bytes to rows; knows no meaning."""
