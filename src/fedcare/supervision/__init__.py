"""Processes that belong together: started in order, replaced when they die, and gone with whoever started them."""
