"""fetchmail's promises."""
