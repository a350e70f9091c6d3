"""Front ends: whoever talks to the user, over the very same steps."""
