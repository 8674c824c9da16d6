"""The external stack: a pipeline that others run, at configured addresses."""
