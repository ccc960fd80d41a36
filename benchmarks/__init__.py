"""Speed and quality, measured by one command each."""
