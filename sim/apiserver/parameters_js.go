package apiserver

// queryParameters is empty in the browser: nobody reads there what parameters are for.
func queryParameters() map[string]about { return nil }
