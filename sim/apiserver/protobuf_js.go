package apiserver

// binaryWire is nothing in the browser's build.
func binaryWire(*Server) wire { return nil }

// openAPIProto does not answer in the browser's build.
func (x *exchange) openAPIProto() bool { return false }
