"""The trainer: exercises, the checks that try out what a learner has built, points, hints and progress."""
