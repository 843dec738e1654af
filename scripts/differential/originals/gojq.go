// Answers jq requests with gojq: {"program", "input", "args"} in, the outputs or an error out.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/itchyny/gojq"
)

type request struct {
	Program string         `json:"program"`
	Input   any            `json:"input"`
	Args    map[string]any `json:"args"`
}

const mostOutputs = 1000

// fit turns the numbers of decoded JSON into those that gojq takes.
func fit(value any) any {
	switch value := value.(type) {
	case json.Number:
		if whole, err := value.Int64(); err == nil && !strings.ContainsAny(value.String(), ".eE") {
			return int(whole)
		}
		number, _ := value.Float64()
		return number
	case []any:
		for i := range value {
			value[i] = fit(value[i])
		}
	case map[string]any:
		for key := range value {
			value[key] = fit(value[key])
		}
	}
	return value
}

func outputs(line []byte) ([]json.RawMessage, error) {
	var asked request
	decoder := json.NewDecoder(strings.NewReader(string(line)))
	decoder.UseNumber()
	if err := decoder.Decode(&asked); err != nil {
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

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			results, failed := outputs(line)
			var answer any = map[string]any{"ok": true, "value": results}
			if failed != nil {
				answer = map[string]any{"ok": false, "error": failed.Error()}
			}
			text, _ := json.Marshal(answer)
			fmt.Println(string(text))
		}
		if err != nil {
			return
		}
	}
}
