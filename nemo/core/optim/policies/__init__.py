"""One file for each family of learning-rate schedules. Their public home is `nemo.core.optim.lr_scheduler`."""
