"""Generator of shop logs whose truth is known: users, items, lists shown, answers, dirt."""
