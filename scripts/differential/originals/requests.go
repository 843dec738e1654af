// Reads requests as JSON lines and answers each with a line: what the Go originals share.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// read decodes a request; its numbers keep how they are written.
func read(line []byte, into any) error {
	decoder := json.NewDecoder(strings.NewReader(string(line)))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// fit makes numbers that are written as whole numbers ints, and all others doubles.
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

// serve answers every line of standard input.
func serve(evaluate func(line []byte) (any, error)) {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, end := lines.ReadBytes('\n')
		if len(line) > 0 {
			fmt.Println(answer(evaluate(line)))
		}
		if end != nil {
			return
		}
	}
}

func answer(value any, failed error) string {
	if failed == nil {
		text, err := json.Marshal(map[string]any{"ok": true, "value": value})
		if err == nil {
			return string(text)
		}
		failed = err
	}
	text, _ := json.Marshal(map[string]any{"ok": false, "error": failed.Error()})
	return string(text)
}
