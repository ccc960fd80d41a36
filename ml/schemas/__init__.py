"""Frames that cross from Python into the warehouse: the tables of schema `ml`."""
