"""What sums of users say about a change: effects, intervals that bear daily looks, decisions."""
