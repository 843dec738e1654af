// Answers Expr requests with expr-lang: {"source", "data"} in, the value as JSON or an error out.
package main

import (
	"fmt"
	"reflect"
	"time"

	"github.com/expr-lang/expr"
)

type request struct {
	Source string         `json:"source"`
	Data   map[string]any `json:"data"`
}

// plain makes a result JSON: times and durations as text, keys of any type as their text.
func plain(value any) any {
	switch value := value.(type) {
	case nil:
		return nil
	case time.Duration:
		return value.String()
	case time.Time:
		return value
	case *time.Location:
		return value.String()
	case time.Month:
		return int(value)
	case time.Weekday:
		return int(value)
	}
	reflected := reflect.ValueOf(value)
	switch reflected.Kind() {
	case reflect.Slice, reflect.Array:
		if reflected.Kind() == reflect.Slice && reflected.IsNil() {
			return nil
		}
		list := []any{}
		for i := 0; i < reflected.Len(); i++ {
			list = append(list, plain(reflected.Index(i).Interface()))
		}
		return list
	case reflect.Map:
		entries := map[string]any{}
		for _, key := range reflected.MapKeys() {
			text := fmt.Sprint(plain(key.Interface()))
			if _, twice := entries[text]; twice {
				return map[string]any{"two keys": text}
			}
			entries[text] = plain(reflected.MapIndex(key).Interface())
		}
		return entries
	case reflect.Func:
		return "func"
	}
	return value
}

func evaluate(line []byte) (result any, err error) {
	defer func() {
		if failed := recover(); failed != nil {
			err = fmt.Errorf("panic: %v", failed)
		}
	}()
	var asked request
	if err := read(line, &asked); err != nil {
		return nil, err
	}
	env := map[string]any{}
	for key, value := range asked.Data {
		env[key] = fit(value)
	}
	types := map[string]any{"inputs": map[string]any{}}
	program, err := expr.Compile(asked.Source, expr.Env(types))
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	value, err := expr.Run(program, env)
	if err != nil {
		return nil, err
	}
	return plain(value), nil
}

func main() {
	time.Local = time.UTC
	serve(evaluate)
}
