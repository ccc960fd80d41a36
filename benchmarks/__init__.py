"""Measurements that anyone can repeat: quality against published figures, speed against peers."""
