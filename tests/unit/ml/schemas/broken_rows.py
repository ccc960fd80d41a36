"""Rows that a schema must refuse."""


def broken(frame, row, **changes):
    """Change one row."""
    changed = frame.copy()
    for column, value in changes.items():
        changed[column] = [
            value if place == row else old for place, old in enumerate(changed[column])
        ]
    return changed.astype({name: frame[name].dtype for name in frame})
