#!/usr/bin/env bash
# Guess: findLast() of expr-lang gives one value wherever it stands, as find() does.
# Seen:  expr v1.17.8 makes [true, 1] of `[7, findLast([1], # > 0)]`: the 7 is gone and a value of the
#        search is in its place. `[7, find([1], # > 0)]` is [7, 1].
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOFLAGS=-mod=mod GOPATH=$folder/go
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/expr-lang/expr"
)

func main() {
	for _, source := range []string{"[7, find([1], # > 0)]", "[7, findLast([1], # > 0)]"} {
		value, err := expr.Eval(source, nil)
		fmt.Println(source, value, err)
	}
}
GO
go mod init finding >/dev/null 2>&1
go get github.com/expr-lang/expr@v1.17.8 >/dev/null 2>&1
seen=$(go run .)
go version
echo "$seen"
[ "$seen" = "[7, find([1], # > 0)] [7 1] <nil>
[7, findLast([1], # > 0)] [true 1] <nil>" ]
