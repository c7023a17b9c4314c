"""What goes wrong in a way that somebody can mend."""


class StackError(Exception):
    """One sentence for the person at the terminal: what is wrong, and what to do."""
