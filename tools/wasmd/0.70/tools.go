//go:build tools

// Package tools pins the wasmd node that the end-to-end story runs against.
//
// wasmd's own go.mod carries replace directives, so `go install` refuses it by version. This module
// requires it instead and repeats those directives; go.sum then fixes every byte of the build.
// `cargo xtask wasmd build` compiles it.
package tools

import (
	_ "github.com/CosmWasm/wasmd/cmd/wasmd"
)
