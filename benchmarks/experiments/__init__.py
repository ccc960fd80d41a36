"""What experiments say, beside what is true."""
