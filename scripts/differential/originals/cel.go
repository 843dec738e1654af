// Answers CEL requests with cel-go: {"source", "inputs"} in, the value as typed text or an error out.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	_ "time/tzdata"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"
)

type request struct {
	Source string `json:"source"`
	Inputs any    `json:"inputs"`
}

// typed writes a value with its type, so that 1, 1u and 1.0 differ.
func typed(value ref.Val) string {
	switch value := value.(type) {
	case types.Null:
		return "null"
	case types.Bool:
		return fmt.Sprint(value.Value())
	case types.Int:
		return "i" + strconv.FormatInt(int64(value), 10)
	case types.Uint:
		return "u" + strconv.FormatUint(uint64(value), 10)
	case types.Double:
		return "d" + strconv.FormatUint(math.Float64bits(float64(value)), 16)
	case types.String:
		text, _ := json.Marshal(strings.ToValidUTF8(string(value), "\uFFFD"))
		var plain string
		_ = json.Unmarshal(text, &plain)
		return "s" + base64.StdEncoding.EncodeToString([]byte(plain))
	case types.Bytes:
		return "b" + base64.StdEncoding.EncodeToString(value)
	case types.Timestamp:
		return fmt.Sprintf("t%d.%09d", value.Unix(), value.Nanosecond())
	case types.Duration:
		return fmt.Sprintf("p%d", value.Duration.Nanoseconds())
	case traits.Lister:
		parts := []string{}
		for it := value.Iterator(); it.HasNext() == types.True; {
			parts = append(parts, typed(it.Next()))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case traits.Mapper:
		parts := []string{}
		for it := value.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			parts = append(parts, typed(key)+":"+typed(value.Get(key)))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ",") + "}"
	case ref.Type:
		return "T" + value.TypeName()
	case *types.Optional:
		if value.HasValue() {
			return "?" + typed(value.GetValue())
		}
		return "?"
	}
	return "X" + value.Type().TypeName()
}

func evaluate(env *cel.Env, line []byte) (text string, failed error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			failed = fmt.Errorf("panic: %v", thrown)
		}
	}()
	var asked request
	if err := read(line, &asked); err != nil {
		return "", err
	}
	ast, issues := env.Parse(asked.Source)
	if issues.Err() != nil {
		return "", fmt.Errorf("parse: %v", issues.Err())
	}
	program, err := env.Program(ast)
	if err != nil {
		return "", err
	}
	value, _, err := program.Eval(map[string]any{"inputs": fit(asked.Inputs)})
	if err != nil {
		return "", err
	}
	return typed(value), nil
}

func main() {
	env, err := cel.NewEnv(
		cel.Variable("inputs", cel.DynType), cel.OptionalTypes(),
		ext.Strings(), ext.Lists(), ext.Math(), ext.Bindings(), ext.Encoders(),
	)
	if err != nil {
		panic(err)
	}
	serve(func(line []byte) (any, error) { return evaluate(env, line) })
}
