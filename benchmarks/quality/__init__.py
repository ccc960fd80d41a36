"""How good recommendations are, on logs that anyone can get."""
