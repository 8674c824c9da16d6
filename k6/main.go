// Command k6 is Grafana k6 with this project's extension, `k6/x/cdc`, built in.
package main

import (
	"go.k6.io/k6/cmd"

	_ "cdc-perf/k6/extension"
)

func main() {
	cmd.Execute()
}
