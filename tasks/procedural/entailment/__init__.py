"""Training cluster: does it follow?"""
