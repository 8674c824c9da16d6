"""Whether the pipeline lost, repeated, reordered or changed anything: drained, then compared."""
