"""Front door 1: the terminal. One file per command; views say how things look to people."""
