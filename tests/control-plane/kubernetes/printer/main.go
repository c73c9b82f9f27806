// Prints, for each pod on standard input (one JSON object a line), the columns that `kubectl get pods` shows for it, as
// one JSON object a line: Kubernetes' own printing code, without a cluster.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	api "k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/printers"
	printersinternal "k8s.io/kubernetes/pkg/printers/internalversion"
)

func main() {
	generator := printers.NewTableGenerator().With(printersinternal.AddHandlers)
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 16<<20)
	output := json.NewEncoder(os.Stdout)
	for line := 1; input.Scan(); line++ {
		columns, err := printPod(generator, input.Bytes())
		if err == nil {
			err = output.Encode(columns)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "line %d: %v\n", line, err)
			os.Exit(1)
		}
	}
	if err := input.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type columns struct {
	Ready    string `json:"ready"`
	Status   string `json:"status"`
	Restarts string `json:"restarts"`
}

func printPod(generator printers.TableGenerator, line []byte) (columns, error) {
	var external v1.Pod
	if err := json.Unmarshal(line, &external); err != nil {
		return columns{}, err
	}
	var internal api.Pod
	if err := legacyscheme.Scheme.Convert(&external, &internal, nil); err != nil {
		return columns{}, err
	}
	table, err := generator.GenerateTable(&internal, printers.GenerateOptions{})
	if err != nil {
		return columns{}, err
	}
	cells := table.Rows[0].Cells
	text := func(cell int) string { return fmt.Sprint(cells[cell]) }
	return columns{Ready: text(1), Status: text(2), Restarts: text(3)}, nil
}
