"""A shop of simulated users who live with topshelf: lists, answers, returns, and the true lift."""
