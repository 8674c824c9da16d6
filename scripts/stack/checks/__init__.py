"""What a pipeline has to be like before it is measured, asked of the components themselves."""
