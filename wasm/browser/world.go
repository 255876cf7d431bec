//go:build js

package main

import (
	"errors"

	"terrarium/wasm/bridge"
)

// world joins the bridge to the simulator.
type world struct{}

var errNotThere = errors.New("the simulator is not part of this build")

func (world) New(bridge.Options) (bridge.Cluster, error) { return nil, errNotThere }

func (world) Restore(bridge.Options, []byte, bool) (bridge.Cluster, string, error) {
	return nil, "", errNotThere
}

func (world) Lesson(map[string][]byte) (bridge.Lesson, error) { return nil, errNotThere }
