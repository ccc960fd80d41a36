"""The addresses that the application answers at."""
