package apiserver

// binaryWire is nothing in the browser's build.
func binaryWire(*Server) wire { return nil }
