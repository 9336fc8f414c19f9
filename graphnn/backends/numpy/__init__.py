"""The NumPy backend: every step of a plan is a list of NumPy calls, bound once to views of one block of memory."""
