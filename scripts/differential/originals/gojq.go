// Answers jq requests with gojq: {"program", "input", "args"} in, the outputs or an error out.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"time"

	"github.com/itchyny/gojq"
)

type request struct {
	Program string         `json:"program"`
	Input   any            `json:"input"`
	Args    map[string]any `json:"args"`
}

const mostOutputs = 1000

func outputs(line []byte) (any, error) {
	var asked request
	if err := read(line, &asked); err != nil {
		return nil, err
	}
	names, values := []string{}, []any{}
	for name := range asked.Args {
		names = append(names, "$"+name)
	}
	sort.Strings(names)
	for _, name := range names {
		values = append(values, fit(asked.Args[name[1:]]))
	}
	query, err := gojq.Parse(asked.Program)
	if err != nil {
		return nil, err
	}
	code, err := gojq.Compile(query, gojq.WithVariables(names))
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	results := []json.RawMessage{}
	run := code.RunWithContext(limited, fit(asked.Input), values...)
	for {
		if len(results) > mostOutputs {
			return nil, fmt.Errorf("more than %d outputs", mostOutputs)
		}
		value, more := run.Next()
		if !more {
			break
		}
		if failed, isError := value.(error); isError {
			return nil, failed
		}
		text, err := gojq.Marshal(value)
		if err != nil {
			return nil, err
		}
		results = append(results, text)
	}
	return results, nil
}

func main() { serve(outputs) }
