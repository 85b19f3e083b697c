"""What fits no other cluster: 7 data sets of the paper, and two more of the published code (true case, word
segmentation)."""
