"""From a hit list to a plate: which hits to buy or to test, and in which wells they stand."""
