"""What each part of the method adds: trains variants, gathers their figures, renews a page."""
