"""A task that needs as much memory as it is told."""


def run(mebibytes: int) -> dict:
    """Hold some memory for a moment."""
    held = bytearray(mebibytes * 2**20)
    return {"seconds": 1.5, "told": "done" if held else "nothing"}
