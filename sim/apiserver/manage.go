package apiserver

import "k8s.io/apimachinery/pkg/runtime"

// manage writes down who manages which fields of an object that replaces old (nil for a create).
func (c *call) manage(obj, old runtime.Object) {}

// keepTimes keeps the times of managed fields where nothing else about them changed.
func (c *call) keepTimes(obj, old runtime.Object) {}
