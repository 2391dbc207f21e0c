// Nothing to call: `priority.c` stands in for a function of the C library.
