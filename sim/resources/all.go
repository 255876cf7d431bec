package resources

// All is every kind that is built in.
func All() []*Resource {
	return []*Resource{}
}
