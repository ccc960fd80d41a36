"""What another policy would have earned, estimated from what this one showed."""
